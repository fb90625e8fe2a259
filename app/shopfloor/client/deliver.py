"""Deliver files so that nobody ever sees half of one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from shopfloor.domain.dropped import ignored
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.text import safe
from shopfloor.workspace.durable import make_folder, write_new
from shopfloor.workspace.folders import fault


def deliver(workspace: Path, files: Sequence[Path], folder: str) -> tuple[Path, ...]:
    """Copy `files` into the drop folder `folder` (`inbox/flights`), each by one rename; the new paths.

    A name that is taken gets a suffix, so that a delivery never overwrites another. Raises
    `NotFoundError` or `UsageError` before anything is delivered.
    """
    for file in files:
        if not file.exists():
            raise NotFoundError(f"There is no file {safe(file)}.", hint="Check the path.", code="file_missing")
        if not file.is_file():
            raise UsageError(f"{safe(file)} is not a file.", hint="Deliver files, not directories.")
        if not file.stat().st_size:
            raise UsageError(
                f"{safe(file)} is empty (0 bytes).", hint="Deliver it once it is written.", code="empty_file"
            )
        if ignored(file.name):
            raise UsageError(
                f"The name {safe(file.name, 80)!r} is ignored: it looks like a hidden or unfinished file.",
                hint="Rename it: no leading '.' or '_', and no suffix such as .part, .tmp or ~.",
                code="ignored_name",
            )
    target = workspace / folder
    for place in (target.parent, target):
        if (closed := fault(place, workspace)) is not None:
            raise closed
    make_folder(target)
    return tuple(_deliver_one(file, target) for file in files)


def _deliver_one(file: Path, target: Path) -> Path:
    partial = target / f".{ulid()}.part"
    with open(file, "rb") as source:
        write_new(partial, source, 0o666)
    final = target / file.name
    attempt = 0
    while True:
        try:
            os.link(partial, final)  # fails when the name is taken, unlike a rename
            break
        except FileExistsError:
            attempt += 1
            stem, dot, suffixes = file.name.partition(".")
            final = target / f"{stem}-{attempt}{dot}{suffixes}"
    os.unlink(partial)
    return final
