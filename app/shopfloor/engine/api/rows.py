"""`POST /v1/datasets/{name}/rows`: JSON lines in, an answer when they are on the disk."""

from __future__ import annotations

from hashlib import blake2b

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest

from shopfloor.domain.errors import BusyError, UsageError
from shopfloor.domain.names import check_name
from shopfloor.domain.numbers import exact
from shopfloor.domain.page import Page
from shopfloor.domain.requests.streams import StreamList
from shopfloor.domain.streaming import RowsReceipt, StreamStatus
from shopfloor.domain.wire import KEY_HEADER
from shopfloor.engine.services import EngineServices
from shopfloor.intake.streaming.log import Post
from shopfloor.intake.streaming.standing import standings

_LONGEST_KEY = 200
_AT_ONCE = 256 << 10  # larger bodies are checked in a thread, so that others do not wait for them


class TooLarge(UsageError):
    """The body is larger than a post may be."""

    default_code = "too_large"


async def append(services: EngineServices, http: HttpRequest) -> RowsReceipt:
    """Add the rows of the body once for its key. Raises what the sender should know."""
    dataset = check_name(http.path_params["name"], "Dataset")
    key = _key(http)
    if services.context.stopping.is_set():
        raise BusyError(
            "The engine is stopping.", hint="Send the same post again when the engine is running.", code="stopping"
        )
    body = await _body(http, int(services.context.settings.stream.post_mb * (1 << 20)))
    services.streams.check_room(len(body))
    check = services.streams.checks.check(dataset)
    rows = check.read(body) if len(body) <= _AT_ONCE else await run_in_threadpool(check.read, body)
    digest = blake2b(body, digest_size=16).hexdigest()
    return await services.streams.append(dataset, Post(rows=rows, key=key, digest=digest))


def listing(services: EngineServices, request: StreamList) -> Page[StreamStatus]:
    """Where the streams stand."""
    found = tuple(standings(services.context, services.streams, request.dataset))
    return Page(rows=found, total=len(found), seq=services.context.store.last_seq)


def _key(http: HttpRequest) -> str:
    key = http.headers.get(KEY_HEADER) or http.query_params.get("op_id") or ""
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        raise UsageError(
            f"A post of rows needs a key of 1 to {_LONGEST_KEY} printable characters.",
            hint=f"Send '{KEY_HEADER}: <something unique>' and repeat a post only with its own key, "
            "so that its rows are added once.",
            code="no_key",
        )
    return key


async def _body(http: HttpRequest, limit: int) -> bytes:
    """The whole body; a larger one is refused before it is read to its end."""
    told = http.headers.get("content-length", "0")
    if told.isdecimal() and int(told) > limit:
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    async for piece in http.stream():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"A post may have {exact(limit / (1 << 20))} MB of rows.",
        hint="Send them in several posts, each with its own key; or raise stream.post_mb.",
    )
