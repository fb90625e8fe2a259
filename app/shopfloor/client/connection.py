"""HTTP with JSON over the engine's Unix socket."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec

from shopfloor.client.silence import absent, silent
from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import BusyError, ShopfloorError, from_wire
from shopfloor.domain.ids import ulid
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request, answer_type
from shopfloor.domain.requests.workspace import Inverse
from shopfloor.domain.wire import PREFIX, WireFailure
from shopfloor.workspace.connection import KeptConnections
from shopfloor.workspace.process import own_identity

R = TypeVar("R")


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
        self._engine = KeptConnections(socket_path)

    def ask(self, request: Request[R], *, timeout: float = 30.0) -> R:
        """The answer; raises a `ShopfloorError`.

        `UnreachableError` says that nobody answers: within `timeout` seconds, at once when the engine is stopped.
        """
        body = self._body(_named(request) if isinstance(request, Mutation) else request, timeout)
        answer: R = msgspec.json.decode(body, type=answer_type(type(request)))
        return answer

    def do(self, request: Mutation[R], *, timeout: float = 30.0) -> Undoable[R]:
        """The answer and what takes it back; raises as `ask` does."""
        body = self._body(_named(request), timeout)
        answer: R = msgspec.json.decode(body, type=answer_type(type(request)))
        return Undoable(answer, msgspec.json.decode(body, type=_Reversible).undo)

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
