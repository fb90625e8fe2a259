"""Small claimed files lie together in one; a parser wants each by itself, so each becomes a file in memory."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from shopfloor.formats.staged import StagedFile

_SPARE = 256  # descriptors that reading itself may need


@contextmanager
def apart(files: Sequence[StagedFile], folder: Path) -> Iterator[tuple[StagedFile, ...]]:
    """`files`, each at a path of its own until the end: in memory, or in `folder` beyond what may be open at once."""
    together = sum(file.offset is not None for file in files)
    with ExitStack() as opened:
        room = _descriptors(opened, together + _SPARE) - _SPARE if together else 0
        containers: dict[str, int] = {}
        found = []
        for file in files:
            if file.offset is None:
                found.append(file)
                continue
            if file.path not in containers:
                containers[file.path] = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
                opened.callback(os.close, containers[file.path])
            data = os.pread(containers[file.path], file.bytes, file.offset)
            path = _in_memory(opened, data) if room > 0 else _on_disk(folder, file.id, data)
            room -= 1
            found.append(msgspec.structs.replace(file, path=path, offset=None))
        yield tuple(found)


def _in_memory(opened: ExitStack, data: bytes) -> str:
    descriptor = os.memfd_create("claimed", os.MFD_CLOEXEC)
    opened.callback(os.close, descriptor)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return f"/proc/self/fd/{descriptor}"


def _on_disk(folder: Path, id: str, data: bytes) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / id
    path.write_bytes(data)
    return str(path)


def _descriptors(opened: ExitStack, wanted: int) -> int:
    """How many files may be open until the end: `wanted` if the system lets it be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    return allowed
