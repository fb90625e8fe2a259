"""What another user's client hands over, and takes: bytes instead of paths.

Such files lie in the engine's staging folder, each below the user who handed it over; `resolved` is the one place
where a request's paths become paths that are opened.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse

from shopfloor.domain import handed
from shopfloor.domain.errors import NotFoundError, RefusedError, UsageError
from shopfloor.domain.requests.request import Request
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.lake.objects import part_path

_ASK = TypeVar("_ASK", bound=Request[Any])
_DIGEST = re.compile("[0-9a-f]{64}")


def resolved(services: EngineServices, request: _ASK) -> _ASK:
    """The request with the paths to open; raises `RefusedError` for a path that another user names."""
    if services.peer.is_owner:
        return request
    paths = {name: _opened(services, str(value)) for name in request.reads if (value := getattr(request, name))}
    for name in request.writes:
        target = _opened(services, getattr(request, name))
        target.parent.mkdir(mode=0o700, exist_ok=True)
        paths[name] = target
    return msgspec.structs.replace(request, **{name: str(path) for name, path in paths.items()})


async def receive(services: EngineServices, http: HttpRequest) -> None:
    """Keep the body as the file of the handle in the address."""
    services.context.degraded.refuse_changes()
    path = _place(services, http)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with open(path, "xb") as file:
        async for piece in http.stream():
            await run_in_threadpool(file.write, piece)


def give(services: EngineServices, http: HttpRequest) -> FileResponse:
    """The bytes of a file that a request had written."""
    return _sent(_place(services, http))


def forget(services: EngineServices, http: HttpRequest) -> None:
    """Remove the file."""
    shutil.rmtree(_place(services, http).parent, ignore_errors=True)


def part(services: EngineServices, http: HttpRequest) -> FileResponse:
    """The bytes of a part of a dataset version, to be checked against its digest by whoever takes them."""
    sha256 = http.path_params["sha256"]
    if _DIGEST.fullmatch(sha256) is None:
        raise UsageError(f"{safe(sha256, 80)!r} is not a sha256.", hint="See shopfloor dataset parts.")
    return _sent(part_path(services.context.layout.objects, sha256))


def _sent(path: Path) -> FileResponse:
    if not path.is_file():
        raise NotFoundError(f"There is no file {safe(path.name, 120)}.", hint="Ask again.", code="file_missing")
    return FileResponse(path, media_type="application/octet-stream", stat_result=os.stat(path))


def _place(services: EngineServices, http: HttpRequest) -> Path:
    return _opened(services, handed.from_url(http.path_params["handle"]))


def _opened(services: EngineServices, named: str) -> Path:
    """Where the file lies that the peer handed over under this name."""
    parts = handed.parts(named)
    if parts is None:
        raise RefusedError(
            f"The engine does not open {safe(named, 160)} for {services.peer.name}: it would do so with the rights of "
            "the owner of the workspace.",
            hint="Use the shopfloor command or the SDK of this version, which hand the file over.",
            code="foreign_path",
        )
    id, name = parts
    return services.context.layout.staging / f"handed-{services.peer.uid}-{id}" / name
