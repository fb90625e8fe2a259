"""Making a restored copy of the metadata agree with what lies on the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from shopfloor.arrival.removal import move
from shopfloor.domain.file import FilePurpose
from shopfloor.domain.text import safe
from shopfloor.lake.objects import part_path
from shopfloor.store.database import newest_seq
from shopfloor.upkeep.references import artifact_path
from shopfloor.workspace.layout import Layout

_ARCHIVED = re.compile(r"f([0-9]+)-.+", re.DOTALL)
_REASON = ".reason.json"
_UNFINISHED = "state IN ('settling', 'waiting', 'staged')"
_QUARANTINED = "SELECT id, dataset, sha256 FROM files WHERE state = 'quarantined' AND sha256 IS NOT NULL"


def begin_again(connection: duckdb.DuckDBPyConnection, layout: Layout, backup: str, seq: int, now: datetime) -> int:
    """Forget files that were on their way and whose copies are gone: those that lie somewhere are seen again.

    The event `seq` tells of the restore; no number that was ever given to an event comes twice. Returns how many
    objects that the copy refers to are not there whole.
    """
    connection.execute(f"DELETE FROM files WHERE {_UNFINISHED}")
    for id, dataset, sha256 in connection.execute(_QUARANTINED).fetchall():
        if not any((layout.quarantine / dataset).glob(f"{sha256[:12]}-*")):
            connection.execute("DELETE FROM files WHERE id = ?", [id])  # somebody accepted it later
    told = f"The metadata of event {newest_seq(connection)} were restored from {safe(backup, 120)}"
    connection.execute(
        "INSERT INTO events (seq, happened_at, kind, subject, actor, message, data)"
        " VALUES (?, ?, 'store.restored', 'store', 'engine', ?, '{}')",
        [seq, now.replace(tzinfo=None), told],
    )
    connection.execute("CHECKPOINT")
    return sum(not _whole(path, size) for path, size in _objects(connection, layout))


def delivered_to(layout: Layout) -> dict[str, Path]:
    """Where files were delivered, by id and, of quarantined ones, by the name under which they are kept there.

    As the database that stands knows it; empty where it does not open.
    """
    try:
        with duckdb.connect(str(layout.database), read_only=True) as connection:
            rows = connection.execute("SELECT id, dataset, sha256, state, raw_path FROM files").fetchall()
    except duckdb.Error:
        return {}
    found: dict[str, Path] = {}
    for id, dataset, sha256, state, raw in rows:
        found[id] = Path(os.fsdecode(bytes(raw)))
        if state == "quarantined" and sha256:
            found[f"{dataset}/{sha256[:12]}"] = found[id]
    return found


def deliver_again(layout: Layout, places: Mapping[str, Path]) -> int:
    """Put the files that the restored metadata do not know into their drop folders; how many.

    `places` are the paths where they were delivered; without one an archived file goes to the folder of its
    dataset, and a quarantined one stays where it is. May be repeated.
    """
    with duckdb.connect(str(layout.database), read_only=True) as connection:
        known = {row[0] for row in connection.execute("SELECT id FROM files").fetchall()}
        held = {f"{dataset}/{sha256[:12]}" for _, dataset, sha256 in connection.execute(_QUARANTINED).fetchall()}
    number = 0
    for id, kept, folder in _archived(layout):
        if id not in known:
            place = places.get(id, Path())
            _deliver(kept, place if place.is_relative_to(folder) else folder / kept.name.removeprefix(f"{id}-"), id)
            number += 1
    for key, kept in _quarantined(layout):
        if key in places and key not in held:
            _deliver(kept, places[key], key.rpartition("/")[2])
            kept.with_name(f"{kept.name}{_REASON}").unlink(missing_ok=True)
            number += 1
    return number


def _deliver(kept: Path, place: Path, key: str) -> None:
    """Another delivery of the same path may lie there."""
    target = place.parent / key / place.name if os.path.lexists(place) else place
    target.parent.mkdir(parents=True, exist_ok=True)
    move(kept, target)


def _quarantined(layout: Layout) -> Iterator[tuple[str, Path]]:
    """Every file in quarantine, with its dataset and the beginning of its digest."""
    for path in sorted(layout.quarantine.glob("*/*-*")):
        if path.is_file() and not path.is_symlink() and not path.name.endswith(_REASON):
            yield f"{path.parent.name}/{path.name.partition('-')[0]}", path


def _archived(layout: Layout) -> Iterator[tuple[str, Path, Path]]:
    """Id, path and drop folder of every original in the archive, oldest first."""
    roots = {FilePurpose.DATA: layout.inbox, FilePurpose.SCORE: layout.score, FilePurpose.ACTUALS: layout.actuals}
    for purpose, root in roots.items():
        found = [
            (int(named[1]), path)
            for path in (layout.archive / purpose.value).glob("*/*/*")
            if (named := _ARCHIVED.fullmatch(path.name)) and path.is_file() and not path.is_symlink()
        ]
        for number, path in sorted(found):
            yield f"f{number}", path, root / path.parent.parent.name


def _objects(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Iterator[tuple[Path, int]]:
    """Where everything lies that the metadata refer to, with its size; 0 where that was not recorded."""
    for sha256, size in connection.execute("SELECT DISTINCT sha256, bytes FROM dataset_parts").fetchall():
        yield part_path(layout.objects, sha256), size
    for (sha256,) in connection.execute("SELECT DISTINCT sha256 FROM model_versions").fetchall():
        yield artifact_path(layout, sha256) / "model.joblib", 0
    for (path,) in connection.execute("SELECT DISTINCT path FROM inference_parts").fetchall():
        yield layout.root / path, 0


def _whole(path: Path, size: int) -> bool:
    try:
        found = path.stat().st_size
        return not size or found == size
    except OSError:
        return False
