"""The one error root. Every error a user can cause says what happened, why, and what to do."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # it brings msgspec, which `--help` does without
    from shopfloor.domain.stored_object import StoredObject


class ExitCode(IntEnum):
    """Exit codes of the command line, a part of the public contract."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    REFUSED = 5
    INTERRUPTED = 130


class ShopfloorError(Exception):
    """Root of all errors that users see.

    `message` says what happened and why, `hint` what to do next, `code` is a stable
    machine-readable name (for example `dataset_not_found`).
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    default_code: ClassVar[str] = "failed"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(ShopfloorError):
    """The request itself is malformed: an unknown option, a wrong name, a bad value."""

    exit_code = ExitCode.USAGE
    default_code = "usage"


class ConfigError(UsageError):
    """A text file of the team is wrong; the message names file, key and the nearest valid key."""

    default_code = "config"


class NotFoundError(ShopfloorError):
    """The named thing does not exist in this workspace."""

    exit_code = ExitCode.NOT_FOUND
    default_code = "not_found"


class RefusedError(ShopfloorError):
    """A policy forbids it: a gate, a contract, a signature, a state that does not allow it."""

    exit_code = ExitCode.REFUSED
    default_code = "refused"


class ConflictError(RefusedError):
    """Somebody else changed the thing first."""

    default_code = "conflict"


class UnreachableError(ShopfloorError):
    """The engine does not answer."""

    exit_code = ExitCode.UNREACHABLE
    default_code = "unreachable"


class StoppedError(UnreachableError):
    """Somebody stopped the engine on purpose: `by` whom, `at` when in local time."""

    default_code = "stopped"

    def __init__(self, by: str, at: datetime) -> None:
        super().__init__(f"The engine was stopped by {by} at {at:%Y-%m-%d %H:%M}.", hint="Start it: shopfloor up")
        self.by = by
        self.at = at


class BusyError(ShopfloorError):
    """Not now: too much waits already. `retry_after` says in how many seconds to ask again."""

    default_code = "busy"

    def __init__(self, message: str, *, hint: str = "", code: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after = retry_after


class DataError(ShopfloorError):
    """The data cannot be used for the request: wrong columns, too few rows, one class."""

    default_code = "data"


class IntegrityError(ShopfloorError):
    """Stored bytes are not the bytes that were written: a digest or signature differs. `stored` says whose."""

    default_code = "integrity"

    def __init__(self, message: str, *, hint: str = "", code: str = "", stored: StoredObject | None = None) -> None:
        super().__init__(message, hint=hint, code=code)
        self.stored = stored


class StoreError(ShopfloorError):
    """The metadata store cannot be opened, read or written."""

    default_code = "store"


_BY_EXIT: dict[ExitCode, type[ShopfloorError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.REFUSED: RefusedError,
    ExitCode.UNREACHABLE: UnreachableError,
}


def from_wire(exit_code: int, message: str, hint: str, code: str, stored: StoredObject | None = None) -> ShopfloorError:
    """Rebuild an error that travelled over a socket or a pipe."""
    if stored is not None and exit_code == ExitCode.FAILED:
        return IntegrityError(message, hint=hint, code=code, stored=stored)
    known = {int(exit) for exit in ExitCode}
    kind = _BY_EXIT.get(ExitCode(exit_code), ShopfloorError) if exit_code in known else ShopfloorError
    return kind(message, hint=hint, code=code)
