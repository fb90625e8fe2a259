"""What a client and the engine agree on: the path of a question, the shape of a failure."""

from __future__ import annotations

from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.remedy import Remedy
from shopfloor.domain.stored_object import StoredObject

PROTOCOL = "1"
PROTOCOL_HEADER = "X-Shopfloor-Protocol"
PREFIX = "/v1/"
KEY_HEADER = "Idempotency-Key"
RETRY_HEADER = "Retry-After"


class WireError(Record, frozen=True, kw_only=True):
    """An error as it travels; `line`, `column` and `remedies` where it is about a file, `stored` where a stored
    object is damaged.
    """

    message: str
    hint: str = ""
    code: str = ""
    exit: int = 1
    line: int | None = None
    column: str | None = None
    remedies: tuple[Remedy, ...] = ()
    stored: StoredObject | None = None


class WireFailure(Record, frozen=True, kw_only=True):
    """The body of a failed answer."""

    error: WireError


def rows_path(dataset: str) -> str:
    """Where rows of a dataset are posted to."""
    return f"{PREFIX}datasets/{dataset}/rows"


def describe(error: BaseException) -> WireError:
    """An error as it travels; anything but a `ShopfloorError` keeps its details to the log."""
    if isinstance(error, ShopfloorError):
        return WireError(
            message=error.message,
            hint=error.hint,
            code=error.code,
            exit=int(error.exit_code),
            line=getattr(error, "line", None),
            column=getattr(error, "column", None),
            remedies=getattr(error, "remedies", ()),
            stored=getattr(error, "stored", None),
        )
    return WireError(
        message=f"Internal error: unexpected {type(error).__name__}.",
        hint="The details are in .shopfloor/run/engine.log; the engine keeps running.",
        code="internal",
    )
