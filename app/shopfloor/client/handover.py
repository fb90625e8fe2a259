"""Files between another user's client and the engine: the client opens them, with its own user's rights."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from shopfloor.domain import handed
from shopfloor.domain.errors import NotFoundError, RefusedError, ShopfloorError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.requests.request import Request
from shopfloor.domain.text import safe
from shopfloor.workspace.accounts import ROOT, foreign_owner

R = TypeVar("R")


class Exchange(Protocol):
    """Sends a body and keeps the answer's in a file."""

    def __call__(self, method: str, url: str, *, source: Path | None = None, target: Path | None = None) -> None: ...


def is_foreign(workspace: Path) -> bool:
    """Whether the workspace is another user's, whose files this process may not read."""
    return os.geteuid() != ROOT and bool(foreign_owner(workspace))


def is_needed(workspace: Path, request: Request[Any]) -> bool:
    """Whether the engine may not open the paths of the request: it is another user's, and they are named."""
    return bool(request.reads or request.writes) and is_foreign(workspace)


def ask(request: Request[R], ask: Callable[[Request[R]], R], exchange: Exchange) -> R:
    """The answer, when the files that it reads were sent and those that it writes are in their place."""
    with ExitStack() as stack:
        given: dict[str, str] = {}
        for name in request.reads:
            if path := getattr(request, name):
                given[name] = stack.enter_context(_sent(Path(path), exchange))
        taken = {name: Path(getattr(request, name)) for name in request.writes}
        partials = {name: stack.enter_context(_beside(path)) for name, path in taken.items()}
        for name, path in taken.items():
            given[name] = stack.enter_context(_awaited(path, exchange))
        answer = ask(msgspec.structs.replace(request, **given))
        for name, path in taken.items():
            exchange("GET", handed.url(given[name]), target=partials[name])
            _put(partials[name], path, overwrite=request.overwrites)
    return _as_named(answer, taken)


def _as_named(answer: R, taken: dict[str, Path]) -> R:
    """The answer about the files as the one who asked named them."""
    fields = getattr(answer, "__struct_fields__", ())
    changes = {name: str(path) for name, path in taken.items() if name in fields}
    return msgspec.structs.replace(answer, **changes) if changes else answer  # type: ignore[type-var]


@contextmanager
def _sent(path: Path, exchange: Exchange) -> Iterator[str]:
    if not path.is_file():
        raise NotFoundError(f"There is no file {safe(path)}.", hint="Check the path.", code="file_missing")
    with _awaited(path, exchange) as handle:
        try:
            exchange("PUT", handed.url(handle), source=path)
        except PermissionError as error:
            raise RefusedError(f"You may not read {safe(path)}.", hint="Check it with ls -l.") from error
        yield handle


@contextmanager
def _awaited(path: Path, exchange: Exchange) -> Iterator[str]:
    """A handle for the file, forgotten at the end."""
    handle = handed.handle(ulid(), path.name.lstrip(".") or "file")
    try:
        yield handle
    finally:
        try:
            exchange("DELETE", handed.url(handle))
        except ShopfloorError:
            pass  # the engine sweeps it when it starts


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file in the folder of the target: whether one may write there is known before anything is done."""
    partial = path.with_name(f".{path.name[:80]}.{ulid()}.part")
    try:
        partial.touch(mode=0o666, exist_ok=False)
    except OSError as error:
        raise UsageError(
            f"{safe(path)} cannot be written: {error.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
            code="bad_output",
        ) from error
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _put(partial: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(partial, path)
        return
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise RefusedError(
            f"{safe(path, 200)} already exists.", hint="Choose another name.", code="file_exists"
        ) from error


def copy_to(target: Path, body: Any) -> None:
    """Keep what can be read from `body`."""
    with target.open("wb") as file:
        shutil.copyfileobj(body, file, 1 << 20)
