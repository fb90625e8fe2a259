"""Removing what nothing refers to: objects of work that never committed, and old staging."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from shopfloor.domain.ids import ulid
from shopfloor.domain.requests.workspace import GcReport
from shopfloor.domain.text import safe
from shopfloor.runtime.context import Context
from shopfloor.store import copies
from shopfloor.upkeep import restore
from shopfloor.upkeep.references import References, references
from shopfloor.workspace.layout import Layout

GRACE_SECONDS = 3600.0
# A notebook may leave its folder alone for long while it fits a model.
_SDK_SECONDS = 24 * 3600.0
_SHOWN = 1_000
_TRASH = "gc-"


@dataclass(frozen=True)
class Waste:
    """Something that nothing refers to. `touched` is the newest change of it or anything in it, in seconds."""

    path: Path
    bytes: int
    touched: float
    grace: float = GRACE_SECONDS


def collect_garbage(context: Context, *, dry_run: bool) -> GcReport:
    """Remove (or with `dry_run` only list) what nothing refers to and nothing touched for an hour.

    Never removed: parts of any version, artifacts of any run or version, registered parts of the inference
    log, claimed files that wait, and anything younger than the longest running job.
    """
    found = waste(context)
    removed = found if dry_run else [item for item in found if discard(context.layout, item)]
    shown = tuple(safe(context.layout.relative(item.path)) for item in removed[:_SHOWN])
    return GcReport(dry_run=dry_run, objects=len(removed), bytes=sum(item.bytes for item in removed), paths=shown)


def waste(context: Context, *, only_staging: bool = False) -> list[Waste]:
    """What may be removed now, in the order of the paths.

    The disk is listed before the store is read, so that what a commit publishes in between is seen by the latter.
    """
    layout = context.layout
    listed = (
        [*_staging(layout)] if only_staging else [*_staging(layout), *_objects(layout), *_logs(layout), *_rest(layout)]
    )
    held = context.store.read(lambda query: references(query, layout))
    kept = _kept(held, layout)
    now = context.clock.now().timestamp()
    busy = held.busy_since.replace(tzinfo=UTC).timestamp() if held.busy_since else now
    return sorted(
        (item for item in listed if item.touched < min(now - item.grace, busy) and not _wanted(item.path, held, kept)),
        key=lambda item: item.path,
    )


def _kept(held: References, layout: Layout) -> frozenset[str]:
    """Names of objects and absolute paths that are referred to."""
    digests = {*held.parts, *(artifact.sha256 for artifact in held.artifacts)}
    paths = {str(part.path) for part in held.logs} | {str(layout.root / staged) for staged in held.staged}
    return frozenset(digests | paths)


def _wanted(path: Path, held: References, kept: frozenset[str]) -> bool:
    """A digest in the name, the path itself, or an open job that names it."""
    return path.name.partition(".")[0] in kept or str(path) in kept or (path.name in held.jobs if held.jobs else False)


def _objects(layout: Layout) -> Iterator[Waste]:
    """Parts, artifacts and statistics, with what a kill left beside them."""
    for kind in ("parts", "artifacts", "statistics"):
        for shard in _children(layout.objects / kind):
            yield from map(_measure, _children(shard))


def _logs(layout: Layout) -> Iterator[Waste]:
    """Parts of the inference log and half-written files; never a segment, which only collecting empties."""
    for model in _children(layout.inference):
        for folder in (model, model / "actuals", model / "losses"):
            yield from (_measure(path) for path in _children(folder) if path.suffix in (".parquet", ".tmp"))


def _staging(layout: Layout) -> Iterator[Waste]:
    for path in _children(layout.staging):
        found = _measure(path)
        sdk = path.name.startswith("sdk-")
        yield Waste(found.path, found.bytes, found.touched, _SDK_SECONDS) if sdk else found


def _rest(layout: Layout) -> Iterator[Waste]:
    """Half-made databases and backups, half-written quarantine, reasons whose file is gone."""
    database = layout.database.name
    for path in _children(layout.private):
        if path.name.startswith((f"{database}.new-", f"{database}{restore.PARTIAL}")):
            yield _measure(path)
    for path in _children(layout.backups):
        if path.name.startswith(copies.PARTIAL):
            yield _measure(path)
    for dataset in _children(layout.quarantine):
        for path in _children(dataset):
            reason = path.name.removesuffix(".reason.json")
            if path.suffix == ".tmp" or (reason != path.name and not path.with_name(reason).exists()):
                yield _measure(path)


def _children(folder: Path) -> list[Path]:
    """What lies in a real directory; a link is never followed."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return []
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _measure(path: Path) -> Waste:
    """Size and newest change of a file or tree; a thing that vanishes meanwhile counts as new."""
    size, touched = 0, 0.0
    try:
        for found in (path, *_below(path)):
            status = found.lstat()
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
            touched = max(touched, status.st_mtime)
    except FileNotFoundError:
        touched = float("inf")
    return Waste(path, size, touched)


def _below(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path, followlinks=False):
        yield from (Path(folder) / name for name in (*folders, *names))


def discard(layout: Layout, item: Waste) -> bool:
    """Remove unless it was touched since it was listed; True when it is gone.

    A directory is renamed away first: half of an artifact must never stand under its name.
    """
    if _measure(item.path).touched > item.touched:
        return False
    try:
        if not stat.S_ISDIR(item.path.lstat().st_mode):
            item.path.unlink()
            return True
        trash = layout.staging / f"{_TRASH}{ulid()}"
        os.rename(item.path, trash)
        shutil.rmtree(trash)
    except OSError:
        return False  # somebody else was first, or the next collection tries again
    return True
