"""HTTP over the workspace's Unix socket: only this user's processes are answered."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shopfloor.domain.codec import to_json, to_plain
from shopfloor.domain.errors import (
    BusyError,
    ExitCode,
    IntegrityError,
    RefusedError,
    ShopfloorError,
    StoreError,
    UsageError,
)
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.text import safe
from shopfloor.domain.wire import (
    PREFIX,
    PROTOCOL,
    PROTOCOL_HEADER,
    RETRY_HEADER,
    WireFailure,
    describe,
    rows_path,
)
from shopfloor.engine.api.routes import Answer, routes
from shopfloor.engine.api.rows import TooLarge, append
from shopfloor.engine.api.undo import inverse
from shopfloor.engine.services import EngineServices
from shopfloor.runtime import damage
from shopfloor.runtime.context import Context
from shopfloor.workspace.folders import blame

_LOG = logging.getLogger("shopfloor.api")
_STATUS = {ExitCode.USAGE: 400, ExitCode.NOT_FOUND: 404, ExitCode.REFUSED: 409, ExitCode.UNREACHABLE: 503}
_BODY_LIMIT = 8 * 1024 * 1024


class PeerChecked(HttpToolsProtocol):
    """Hangs up on processes of other users: the socket's mode is the first fence, this the second."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer = transport.get_extra_info("socket")
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", credentials)
        if uid not in {os.getuid(), 0}:
            _LOG.warning("refused a connection of user %d", uid)
            transport.close()
            return
        super().connection_made(transport)


def application(services: EngineServices) -> Starlette:
    """The engine's API as an ASGI application: `POST /v1/<verb>` with a JSON body."""
    table = {kind.verb: (kind, answer) for kind, answer in routes().items()}

    async def rows(http: HttpRequest) -> Response:
        return await _guarded(http, services.context, lambda: append(services, http))

    async def endpoint(http: HttpRequest) -> Response:
        async def answer() -> Any:
            return await _answer(services, await _decode(http, table), table)

        return await _guarded(http, services.context, answer)

    return Starlette(
        routes=[
            Route(PREFIX + "{verb}", endpoint, methods=["POST"]),
            Route(rows_path("{name}"), rows, methods=["POST"]),
        ]
    )


async def _guarded(http: HttpRequest, context: Context, answer: Callable[[], Awaitable[Any]]) -> Response:
    try:
        return Response(to_json(await answer()), media_type="application/json")
    except IntegrityError as error:
        explained = await run_in_threadpool(damage.explained, context, error)
        return _failed(explained, _status(explained))
    except ShopfloorError as error:
        return _failed(error, _status(error))
    except Exception as error:  # noqa: BLE001 - the boundary of the API: the caller gets a sentence, the log the trace
        _LOG.exception("%s failed", http.url.path)
        cause = blame(error, context.layout.root) if isinstance(error, OSError) else error
        return _failed(cause, 500)


def _status(error: ShopfloorError) -> int:
    if isinstance(error, BusyError):
        return 429 if error.code == "backlog" else 503
    if isinstance(error, TooLarge):
        return 413
    return _STATUS.get(error.exit_code, 422)


async def _answer(
    services: EngineServices, request: Request[Any], table: dict[str, tuple[type[Request[Any]], Answer]]
) -> Any:
    services.context.check_place()
    answer = table[request.verb][1]
    if isinstance(request, Mutation) and not request.when_degraded:
        services.context.degraded.refuse_changes()
    # Waiting happens on the event loop, so that a hundred waiting clients hold no thread.
    if inspect.iscoroutinefunction(answer):
        return await answer(services, request)
    return await run_in_threadpool(_answer_now, services, request, answer)


def _answer_now(services: EngineServices, request: Request[Any], answer: Answer) -> Any:
    """The answer, for a mutation that can be taken back with its inverse as the key `undo`."""
    found = answer(services, request)
    if not isinstance(request, Mutation):
        return found
    try:
        undo = inverse(services, request)
    except StoreError:  # what is done stays done
        _LOG.warning("the inverse of %s cannot be read", request.verb, exc_info=True)
        return found
    return found if undo is None else {**to_plain(found), "undo": undo}


async def _decode(http: HttpRequest, table: dict[str, tuple[type[Request[Any]], Answer]]) -> Request[Any]:
    if http.headers.get(PROTOCOL_HEADER, PROTOCOL) != PROTOCOL:
        raise RefusedError(
            f"This engine speaks protocol {PROTOCOL}, the client another.",
            hint="Restart the engine: shopfloor down; shopfloor up",
            code="protocol",
        )
    verb = http.path_params["verb"]
    if verb not in table:
        raise UsageError(
            f"The engine does not know {safe(verb, 60)!r}.", hint=did_you_mean(verb, table), code="unknown_verb"
        )
    if int(http.headers.get("content-length", "0")) > _BODY_LIMIT:
        raise UsageError("The request is too large.", hint="Send at most 8 MB.", code="too_large")
    kind = table[verb][0]
    try:
        request: Request[Any] = msgspec.json.decode(await http.body() or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"The request {verb} is malformed: {error}.", hint="See the client's version.", code="malformed"
        ) from error
    if isinstance(request, Mutation) and not request.op_id:
        raise UsageError(
            f"The request {verb} changes something and needs an op_id.", hint="Send a unique op_id.", code="no_op_id"
        )
    return request


def _failed(error: BaseException, status: int) -> Response:
    headers = {RETRY_HEADER: str(math.ceil(error.retry_after))} if isinstance(error, BusyError) else None
    body = to_json(WireFailure(error=describe(error)))
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def server(services: EngineServices) -> uvicorn.Server:
    """A server for the application; runs on the main thread."""
    config = uvicorn.Config(
        application(services),
        http=PeerChecked,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        loop="uvloop",
        timeout_keep_alive=600,
        timeout_graceful_shutdown=2,
        limit_concurrency=500,
    )
    return uvicorn.Server(config)


def bind(path: os.PathLike[str]) -> socket.socket:
    """Listen at `path` with mode 0600. The caller holds the lock, so an old socket is stale."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(128)
    listener.setblocking(False)
    return listener
