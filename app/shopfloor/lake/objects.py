"""Immutable Parquet objects, named by the sha256 of their bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.failpoint import reach
from shopfloor.workspace.durable import fsync_directory, fsync_file, move_file


def part_path(objects: Path, sha256: str) -> Path:
    """Where the part `sha256` lies below the directory `objects`."""
    return objects / "parts" / sha256[:2] / f"{sha256}.parquet"


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes as lower-case hex, read in chunks of 1 MiB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Raise `IntegrityError` naming `path` unless its bytes hash to `sha256`."""
    try:
        found = file_sha256(path)
    except FileNotFoundError:
        raise missing(path) from None
    if found != sha256:
        raise damaged(path, found)


def missing(path: Path) -> IntegrityError:
    """The error for a part that is not where it should be."""
    return IntegrityError(
        f"The stored part {path.name} is missing.",
        hint="Run `shopfloor doctor`, or restore from a backup.",
        code="part_missing",
    )


def damaged(path: Path, found: str) -> IntegrityError:
    """The error for a part whose bytes hash to `found`, not to its name."""
    return IntegrityError(
        f"The stored part {path.name} has changed on disk: its bytes hash to {found[:12]}….",
        hint="Run `shopfloor doctor`, or restore from a backup. Nothing was read from it.",
        code="part_damaged",
    )


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
        os.utime(target)  # young again: an old orphan that is wanted now must not be collected as garbage
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
