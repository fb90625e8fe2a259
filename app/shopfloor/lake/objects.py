"""Immutable Parquet objects, named by the sha256 of their bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.failpoint import reach
from shopfloor.domain.handles import PartFile
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.workspace.digests import file_sha256, known_sha256
from shopfloor.workspace.durable import fsync_directory, fsync_file, move_file

_HINT = "What depends on it, and how to mend it: shopfloor doctor --deep"
_DIGITS = 64
_CODES = {ObjectKind.PART: "part", ObjectKind.LOG: "log_part"}


def part_path(objects: Path, sha256: str) -> Path:
    """Where the part `sha256` lies below the directory `objects`."""
    return objects / "parts" / sha256[:2] / f"{sha256}.parquet"


def verify(path: Path, sha256: str, kind: ObjectKind = ObjectKind.PART) -> None:
    """Raise `IntegrityError` unless the bytes at `path` hash to `sha256`.

    Every reader of stored rows calls this first. Bytes are read once for a process and a file's identity.
    """
    stored = StoredObject(kind=kind, sha256=sha256)
    try:
        found = known_sha256(path)
    except FileNotFoundError:
        raise IntegrityError(
            f"The stored {stored} is missing.", hint=_HINT, code=f"{_CODES[kind]}_missing", stored=stored
        ) from None
    if found != sha256:
        raise IntegrityError(
            f"The stored {stored} has changed on disk: its bytes hash to {found[:12]}…. Nothing was read from it.",
            hint=_HINT,
            code=f"{_CODES[kind]}_damaged",
            stored=stored,
        )


def verify_parts(parts: Iterable[PartFile]) -> None:
    """`verify` every one of `parts`."""
    for part in parts:
        verify(Path(part.path), part.sha256)


def verify_published(paths: Iterable[Path], kind: ObjectKind = ObjectKind.PART) -> None:
    """`verify` those of `paths` that have a digest for a name; parts that are still in staging have none."""
    for path in paths:
        if len(path.stem) == _DIGITS:
            verify(path, path.stem, kind)


def publish_part(staged: Path, sha256: str, objects: Path) -> Path:
    """`publish` a part of a dataset version to its place below the directory `objects`; returns the place."""
    return publish(staged, sha256, part_path(objects, sha256))


def publish(staged: Path, sha256: str, target: Path) -> Path:
    """Move `staged`, whose bytes hash to `sha256`, to `target` and make that durable; returns `target`.

    The order is: check the digest, fsync the file, rename, fsync the directories. Publishing the
    same bytes again changes nothing and removes `staged`; a damaged object is replaced. A retry
    after a crash may find `staged` gone: that is success when the object verifies. Raises
    `IntegrityError` when `staged` does not hash to `sha256`.
    """
    if _holds(target, sha256):
        staged.unlink(missing_ok=True)
        os.utime(target)  # touched: an old orphan that is used now must not be collected as garbage
        fsync_directory(target.parent)
        return target
    verify(staged, sha256)
    _make_dirs(target.parent)
    fsync_file(staged)
    reach("lake.synced")
    move_file(staged, target, 0o444)
    reach("lake.renamed")
    fsync_directory(target.parent)
    return target


def _holds(target: Path, sha256: str) -> bool:
    try:
        return file_sha256(target) == sha256
    except FileNotFoundError:
        return False


def _make_dirs(directory: Path) -> None:
    """Create `directory`; a new directory is durable once its parent is synced."""
    missing = [path for path in (directory, *directory.parents) if not path.is_dir()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in reversed(missing):
        fsync_directory(path.parent)
