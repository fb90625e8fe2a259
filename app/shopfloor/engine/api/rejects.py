"""Answers about rejected rows."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.csv_text import csv_text
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.ids import ulid
from shopfloor.domain.page import Page
from shopfloor.domain.reject import MOST, Reject
from shopfloor.domain.requests.files import FileRejects, FileRejectsExport, FileShow, RejectsFile
from shopfloor.domain.text import safe
from shopfloor.duck.sandbox import temporary_duckdb
from shopfloor.duck.sql import text
from shopfloor.engine.api import files
from shopfloor.engine.services import EngineServices
from shopfloor.store import rejects
from shopfloor.workspace.durable import fsync_directory, fsync_file

_FIELDS = ("line", "row", "column", "value", "code", "message", "record")
_SHAPE = '[{"code":"VARCHAR","message":"VARCHAR","line":"BIGINT","row":"BIGINT","column":"VARCHAR",'
_SHAPE += '"value":"VARCHAR","record":"VARCHAR"}]'
_COLUMNS = ", ".join(f"r.{name}" for name in _FIELDS)


def listing(services: EngineServices, request: FileRejects) -> Page[Reject]:
    """The kept rejects of a file."""
    files.show(services, FileShow(id=request.id))
    return services.context.store.read(
        lambda query: rejects.listing(query, request.id, min(request.limit, MOST), request.offset)
    )


def export(services: EngineServices, request: FileRejectsExport) -> RejectsFile:
    """Write them for another tool; an existing file is never overwritten."""
    target = _target(request.path)
    file = files.show(services, FileShow(id=request.id))
    found = services.context.store.read(lambda query: rejects.listing(query, request.id, MOST, 0))
    if not found.rows:
        gone = " any more: they are kept for retention.rejects_days" if file.rejected_rows else ""
        raise RefusedError(
            f"File {file.id} has no rejected rows{gone}.", hint="Nothing was written.", code="no_rejects"
        )
    changed = _write(services, found.rows, target, raw=request.raw)
    total = max(file.rejected_rows, len(found.rows))
    return RejectsFile(path=str(target), rows=len(found.rows), total=total, changed=changed)


def _target(path: str) -> Path:
    target = Path(path)
    if target.suffix not in {".csv", ".parquet"} or not target.is_absolute():
        raise UsageError(
            f"{safe(path, 200)} has no known file extension.", hint="End it with .csv or .parquet.", code="bad_export"
        )
    if not target.parent.is_dir():
        raise UsageError(f"There is no directory {safe(str(target.parent), 200)}.", hint="Create it first.")
    if os.path.lexists(target):
        raise RefusedError(f"{safe(path, 200)} already exists.", hint="Choose another name.", code="file_exists")
    return target


def _write(services: EngineServices, found: tuple[Reject, ...], target: Path, *, raw: bool) -> int:
    """Beside the target first, then in place: nobody sees half a file. Returns how many cells were made safe."""
    partial = target.with_name(f".{target.name}.{ulid()}.tmp")
    try:
        changed = 0
        if target.suffix == ".csv":
            made = csv_text(_FIELDS, ([getattr(one, name) for name in _FIELDS] for one in found), raw=raw)
            partial.write_text(made.text, encoding="utf-8", newline="")
            changed = made.changed
        else:
            _write_parquet(services, found, partial)
        fsync_file(partial)
        os.replace(partial, target)
        fsync_directory(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return changed


def _write_parquet(services: EngineServices, found: tuple[Reject, ...], partial: Path) -> None:
    with temporary_duckdb(128, 1, services.context.layout.staging / f"export-{ulid()}") as connection:
        connection.execute(
            f"COPY (SELECT {_COLUMNS} FROM (SELECT unnest(from_json(?::JSON, ?)) AS r)) "
            f"TO {text(str(partial))} (FORMAT parquet, COMPRESSION zstd)",
            [to_text([msgspec.to_builtins(one) for one in found]), _SHAPE],
        )
