"""HTTP over the workspace's Unix socket: only the owner and the owner's team are answered."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
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
from shopfloor.domain.handed import part_url
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
from shopfloor.engine.api.handover import forget, give, part, receive, resolved
from shopfloor.engine.api.routes import Answer, routes
from shopfloor.engine.api.rows import TooLarge, append
from shopfloor.engine.api.undo import inverse
from shopfloor.engine.peer import Peer, peer_of
from shopfloor.engine.rights import check_member, check_right
from shopfloor.engine.services import EngineServices
from shopfloor.runtime import damage
from shopfloor.runtime.context import Context
from shopfloor.runtime.failure import blamed

_LOG = logging.getLogger("shopfloor.api")
_STATUS = {ExitCode.USAGE: 400, ExitCode.NOT_FOUND: 404, ExitCode.REFUSED: 409, ExitCode.UNREACHABLE: 503}
_PEER = "peer"
_BODY_LIMIT = 8 * 1024 * 1024


class PeerKnown(HttpToolsProtocol):
    """Keeps with each request which user's process asks, as the kernel knew it when that connected."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, _PEER: peer_of(transport.get_extra_info("socket"))}


def application(services: EngineServices) -> Starlette:
    """The engine's API as an ASGI application: `POST /v1/<verb>` with a JSON body."""
    table = {kind.verb: (kind, answer) for kind, answer in routes().items()}

    async def rows(http: HttpRequest) -> Response:
        return await _guarded(http, services.context, lambda: append(_asked(services, http), http))

    async def handover(http: HttpRequest) -> Response:
        async def answer() -> Any:
            asked = _asked(services, http)
            if http.method == "PUT":
                return await receive(asked, http)
            return await run_in_threadpool({"GET": give, "DELETE": forget}[http.method], asked, http)

        return await _guarded(http, services.context, answer)

    async def stored(http: HttpRequest) -> Response:
        return await _guarded(http, services.context, lambda: run_in_threadpool(part, _asked(services, http), http))

    async def endpoint(http: HttpRequest) -> Response:
        async def answer() -> Any:
            asked = _asked(services, http)
            return await _answer(asked, await _decode(http, table), table)

        return await _guarded(http, services.context, answer)

    return Starlette(
        routes=[
            Route(PREFIX + "{verb}", endpoint, methods=["POST"]),
            Route(rows_path("{name}"), rows, methods=["POST"]),
            Route(f"{PREFIX}handed/{{handle:path}}", handover, methods=["PUT", "GET", "DELETE"]),
            Route(part_url("{sha256}"), stored, methods=["GET"]),
        ]
    )


def _asked(services: EngineServices, http: HttpRequest) -> EngineServices:
    """The services for who asks; raises `RefusedError` for one who is none of the team."""
    peer: Peer = getattr(http.state, _PEER)
    try:
        check_member(peer, services.context.settings.team)
    except RefusedError as error:
        _LOG.warning("%s", error)
        raise
    return replace(services, peer=peer)


async def _guarded(http: HttpRequest, context: Context, answer: Callable[[], Awaitable[Any]]) -> Response:
    try:
        made = await answer()
        return made if isinstance(made, Response) else Response(to_json(made), media_type="application/json")
    except IntegrityError as error:
        explained = await run_in_threadpool(damage.explained, context, error)
        return _failed(explained, _status(explained))
    except ShopfloorError as error:
        return _failed(error, _status(error))
    except Exception as error:  # noqa: BLE001 - the boundary of the API: the caller gets a sentence, the log the trace
        _LOG.exception("%s failed", http.url.path)
        return _failed(blamed(error, context.layout.root), 500)


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
    check_right(services.peer, request.needed, services.context.settings.team)
    if isinstance(request, Mutation):
        if not request.when_degraded:
            services.context.degraded.refuse_changes()
        request = msgspec.structs.replace(request, actor=services.peer.name)
    request = resolved(services, request)
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
        http=PeerKnown,
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
