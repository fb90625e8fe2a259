"""HTTP with JSON over the engine's Unix socket."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from shopfloor.client import handover
from shopfloor.client.silence import absent, silent
from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import BusyError, ShopfloorError, from_wire
from shopfloor.domain.ids import ulid
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request, answer_type
from shopfloor.domain.requests.workspace import Inverse
from shopfloor.domain.wire import PREFIX, RETRY_HEADER, WireFailure
from shopfloor.workspace.connection import KeptConnections, SocketConnection
from shopfloor.workspace.process import own_identity

R = TypeVar("R")
_EXCHANGE_SECONDS = 60.0


@dataclass(frozen=True)
class Undoable(Generic[R]):
    """The answer to a mutation, and what takes it back; None where nothing does."""

    answer: R
    undo: Inverse | None = None


class _Reversible(Record, frozen=True, kw_only=True):
    undo: Inverse | None = None


class EngineClient:
    """Asks the engine of one workspace. May be shared by threads; each keeps its own connection."""

    def __init__(self, workspace: Path, socket_path: Path) -> None:
        self.workspace = workspace
        self._socket = socket_path
        self._engine = KeptConnections(socket_path)

    def ask(self, request: Request[R], *, timeout: float = 30.0) -> R:
        """The answer; raises a `ShopfloorError`.

        `UnreachableError` says that nobody answers: within `timeout` seconds, at once when the engine is stopped.
        """
        return self._with_files(request, lambda asked: self._answer(asked, self._body(asked, timeout)))

    def do(self, request: Mutation[R], *, timeout: float = 30.0) -> Undoable[R]:
        """The answer and what takes it back; raises as `ask` does."""
        bodies: list[bytes] = []

        def asked(request: Request[R]) -> R:
            bodies.append(self._body(request, timeout))
            return self._answer(request, bodies[-1])

        answer = self._with_files(request, asked)
        return Undoable(answer, msgspec.json.decode(bodies[-1], type=_Reversible).undo)

    def _with_files(self, request: Request[R], ask: Callable[[Request[R]], R]) -> R:
        """`ask`, between handing over the files that it reads and taking those that it writes, where that is needed."""
        if isinstance(request, Mutation):
            request = _named(request)
        if handover.is_needed(self.workspace, request):
            return handover.ask(request, ask, self.exchange)
        return ask(request)

    def _answer(self, request: Request[R], body: bytes) -> R:
        answer: R = msgspec.json.decode(body, type=answer_type(type(request)))
        return answer

    def _body(self, request: Request[Any], timeout: float) -> bytes:
        return self.post(PREFIX + request.verb, to_json(request), {"Content-Type": "application/json"}, timeout)

    def post(self, path: str, body: bytes, headers: dict[str, str], timeout: float) -> bytes:
        """The body of a good answer to any post; raises as `ask` does.

        It may be sent twice, so it has to be one that the engine does once.
        """
        try:
            status, answer, wait = self._engine.post(path, body, headers, timeout)
        except (http.client.HTTPException, OSError) as error:
            raise self._unreachable(error, timeout) from error
        if status == http.client.OK:
            return answer
        raise _failure(status, answer, wait)

    def exchange(self, method: str, url: str, *, source: Path | None = None, target: Path | None = None) -> None:
        """Send the file `source`, keep the answer's body in `target`; on a connection of its own. Raises as `ask`."""
        connection = SocketConnection(self._socket, _EXCHANGE_SECONDS)
        with ExitStack() as stack:
            stack.callback(connection.close)
            file = stack.enter_context(source.open("rb")) if source is not None else None
            size = {"Content-Length": str(source.stat().st_size)} if source is not None else {}
            try:
                with suppress(BrokenPipeError):  # the engine has refused it before the end: it says why
                    connection.request(method, url, body=file, headers=size)
                response = connection.getresponse()
                if response.status != http.client.OK:
                    raise _failure(response.status, response.read(), response.getheader(RETRY_HEADER, ""))
                if target is not None:
                    handover.copy_to(target, response)
            except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                raise self._unreachable(error, _EXCHANGE_SECONDS) from error

    def close(self) -> None:
        """Close this thread's connection."""
        self._engine.close()

    def _unreachable(self, error: BaseException, seconds: float) -> ShopfloorError:
        # A socket whose queue is full belongs to somebody who takes nothing from it.
        waits = isinstance(error, TimeoutError | BlockingIOError)
        return silent(self.workspace, seconds) if waits else absent(self.workspace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _named(request: R) -> R:
    """A mutation with its operation id."""
    assert isinstance(request, Mutation)
    return request if request.op_id else msgspec.structs.replace(request, op_id=ulid())


def this_process() -> str:
    """What identifies this process, for what lasts as long as it does."""
    return own_identity()


def _failure(status: int, body: bytes, wait: str) -> ShopfloorError:
    try:
        error = msgspec.json.decode(body, type=WireFailure).error
    except msgspec.DecodeError:
        if status == http.client.SERVICE_UNAVAILABLE:  # the web server itself, before it asks the engine
            return BusyError("The engine has too many connections.", hint="Try again in a moment.", code="connections")
        return ShopfloorError(
            f"The engine returned status {status}.",
            hint="Its log is .shopfloor/run/engine.log",
            code="engine_error",
        )
    if wait.isdecimal():
        return BusyError(error.message, hint=error.hint, code=error.code, retry_after=float(wait))
    return from_wire(error.exit, error.message, error.hint, error.code, error.stored)
