"""Datasets, versions and the parts they consist of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import DatasetRecord, DatasetVersion, FileSpan, FreshRows, Part
from shopfloor.domain.page import Page
from shopfloor.store.rows import Query, aware, page, scalar, stored_time
from shopfloor.store.transaction import Transaction, naive


def define(transaction: Transaction, name: str, mode: str) -> None:
    """Make the dataset known; keeps what is there."""
    if transaction.one("SELECT 1 FROM datasets WHERE name = ?", [name]) is None:
        transaction.put(
            "datasets",
            {
                "name": name,
                "mode": mode,
                "version": 0,
                "rows": 0,
                "columns": 0,
                "parts": 0,
                "bytes": 0,
                "added_rows": 0,
                "changed_rows": 0,
                "updated_at": None,
            },
        )
    else:
        transaction.execute("UPDATE datasets SET mode = ? WHERE name = ?", [mode, name])


def called(query: Query, plain: str) -> str | None:
    """The dataset that SQL may call so: its name in lower case with `_` for `-` and `.`."""
    rows = query.all(
        "SELECT name FROM datasets WHERE translate(lower(name), '-.', '__') = ? "
        "ORDER BY lower(name) <> ?, name LIMIT 1",
        [plain, plain],
    )
    return str(rows[0][0]) if rows else None


def current_version(query: Query, dataset: str) -> int:
    """The newest version number, 0 without one."""
    return scalar(query, "SELECT coalesce(max(version), 0) FROM dataset_versions WHERE dataset = ?", [dataset])


def digest(query: Query, dataset: str, version: int) -> str | None:
    """What identifies the content of a version."""
    row = query.one("SELECT digest FROM dataset_versions WHERE dataset = ? AND version = ?", [dataset, version])
    return None if row is None else str(row[0])


def parts(query: Query, dataset: str, version: int) -> tuple[Part, ...]:
    """The parts of a version, in order."""
    rows = query.all(
        "SELECT sha256, rows, bytes, files, time_min, time_max "
        "FROM dataset_parts WHERE dataset = ? AND added_version <= ? "
        "AND (removed_version IS NULL OR removed_version > ?) ORDER BY added_version, ordinal",
        [dataset, version, version],
    )
    return tuple(_part(row) for row in rows)


def deliveries(query: Query, dataset: str, version: int) -> dict[str, int]:
    """Which version brought each part that `version` has, by its sha256."""
    rows = query.all(
        "SELECT sha256, max(added_version) FROM dataset_parts WHERE dataset = ? AND added_version <= ? "
        "AND (removed_version IS NULL OR removed_version > ?) GROUP BY sha256",
        [dataset, version, version],
    )
    return dict(rows)


def arrivals(query: Query, dataset: str, version: int) -> dict[int, datetime]:
    """When each version of a dataset was committed, up to `version`."""
    rows = query.all(
        "SELECT version, created_at FROM dataset_versions WHERE dataset = ? AND version <= ?", [dataset, version]
    )
    return {number: stored_time(at) for number, at in rows}


def fresh_rows(query: Query, dataset: str, version: int) -> tuple[FreshRows, ...]:
    """What is new in each version of a dataset, up to `version`, however many rows it wrote again."""
    rows = query.all(
        "SELECT version, greatest(v.added_rows, 0) + coalesce(v.changed_rows, 0), "
        "coalesce(max(time_max), any_value(created_at)) "
        "FROM dataset_versions v LEFT JOIN dataset_parts p ON p.dataset = v.dataset AND added_version = version "
        "WHERE v.dataset = ? AND version <= ? GROUP BY ALL ORDER BY version",
        [dataset, version],
    )
    return tuple(FreshRows(version=number, rows=fresh, newest=stored_time(at)) for number, fresh, at in rows)


def added_parts(query: Query, dataset: str, version: int) -> tuple[Part, ...]:
    """Only the parts that a version brought."""
    rows = query.all(
        "SELECT sha256, rows, bytes, files, time_min, time_max "
        "FROM dataset_parts WHERE dataset = ? AND added_version = ? ORDER BY ordinal",
        [dataset, version],
    )
    return tuple(_part(row) for row in rows)


def removes_parts(query: Query, dataset: str, version: int) -> bool:
    """Whether a version lacks a part that the one before had."""
    found = query.one(
        "SELECT 1 FROM dataset_parts WHERE dataset = ? AND removed_version = ? LIMIT 1", [dataset, version]
    )
    return found is not None


def _part(row: tuple[Any, ...]) -> Part:
    return Part(
        sha256=row[0],
        rows=row[1],
        bytes=row[2],
        files=tuple(msgspec.json.decode(row[3], type=list[FileSpan])),
        time_min=aware(row[4]),
        time_max=aware(row[5]),
    )


def commit_version(transaction: Transaction, version: DatasetVersion, mode: str, *, previous: Sequence[Part]) -> None:
    """Publish a version: its row, its change of parts, the dataset's state. One transaction with all else."""
    held = Counter(part.sha256 for part in previous)
    wanted = Counter(part.sha256 for part in version.parts)
    for sha256, surplus in (held - wanted).items():
        _remove_parts(transaction, version.dataset, sha256, version.version, surplus)
    added = []
    for ordinal, part in enumerate(version.parts):
        if held[part.sha256] > 0:
            held[part.sha256] -= 1
        else:
            added.append(_part_row(version, part, ordinal))
    transaction.put_many("dataset_parts", added, keep=True)
    transaction.put(
        "dataset_versions",
        {
            "dataset": version.dataset,
            "version": version.version,
            "digest": version.digest,
            "rows": version.rows,
            "added_rows": version.added_rows,
            "changed_rows": version.changed_rows,
            "columns": to_text(version.columns),
            "files": to_text(version.files),
            "cause": version.cause,
            "notices": to_text(version.notices),
            "created_at": version.created_at,
            "contract_revision": version.contract_revision,
            "restored": version.restored,
        },
        keep=True,
    )
    transaction.put(
        "datasets",
        {
            "name": version.dataset,
            "mode": mode,
            "version": version.version,
            "rows": version.rows,
            "columns": len(version.columns),
            "parts": len(version.parts),
            "bytes": sum(part.bytes for part in version.parts),
            "added_rows": version.added_rows,
            "changed_rows": version.changed_rows,
            "updated_at": version.created_at,
        },
        keep=True,
    )


def _remove_parts(transaction: Transaction, dataset: str, sha256: str, version: int, count: int) -> None:
    """The newest `count` copies of a part are not in `version` any more."""
    rows = transaction.all(
        "SELECT added_version, ordinal, rows, bytes, files, time_min, time_max FROM dataset_parts "
        "WHERE dataset = ? AND sha256 = ? AND removed_version IS NULL "
        "ORDER BY added_version DESC, ordinal DESC LIMIT ?",
        [dataset, sha256, count],
    )
    names = ("added_version", "ordinal", "rows", "bytes", "files", "time_min", "time_max")
    for row in rows:
        values = dict(zip(names, row, strict=True))
        transaction.put(
            "dataset_parts",
            {"dataset": dataset, "sha256": sha256, "removed_version": version, **values},
            keep=True,
        )


def _part_row(version: DatasetVersion, part: Part, ordinal: int) -> dict[str, Any]:
    return {
        "dataset": version.dataset,
        "sha256": part.sha256,
        "added_version": version.version,
        "ordinal": ordinal,
        "removed_version": None,
        "rows": part.rows,
        "bytes": part.bytes,
        "files": to_text(part.files),
        "time_min": part.time_min,
        "time_max": part.time_max,
    }


_VERSION = (
    "SELECT dataset, version, digest, rows, added_rows, columns, files, cause, notices, created_at, contract_revision, "
    "restored, changed_rows FROM dataset_versions"
)


def version(query: Query, dataset: str, number: int) -> DatasetVersion | None:
    """One version with its parts."""
    row = query.one(f"{_VERSION} WHERE dataset = ? AND version = ?", [dataset, number])
    return None if row is None else _version(row, parts(query, dataset, number))


def made_since(query: Query, dataset: str, moment: datetime) -> list[DatasetVersion]:
    """The versions that were made after a moment, oldest first."""
    rows = query.all(f"{_VERSION} WHERE dataset = ? AND created_at > ? ORDER BY version", [dataset, naive(moment)])
    return [_version(row, parts(query, dataset, row[1])) for row in rows]


def versions(query: Query, dataset: str, limit: int, offset: int) -> Page[DatasetVersion]:
    """Versions, newest first, each with the parts it brought."""
    total = query.one("SELECT count(*) FROM dataset_versions WHERE dataset = ?", [dataset])
    rows = query.all(f"{_VERSION} WHERE dataset = ? ORDER BY version DESC LIMIT ? OFFSET ?", [dataset, limit, offset])
    return page([_version(row, parts(query, dataset, row[1])) for row in rows], int(total[0]) if total else 0, offset)


def _version(row: tuple[Any, ...], found: tuple[Part, ...]) -> DatasetVersion:
    return DatasetVersion(
        dataset=row[0],
        version=row[1],
        digest=row[2],
        rows=row[3],
        added_rows=row[4],
        columns=tuple(msgspec.json.decode(row[5], type=list[Column])),
        parts=found,
        files=tuple(msgspec.json.decode(row[6], type=list[str])),
        cause=row[7],
        notices=tuple(msgspec.json.decode(row[8], type=list[str])),
        created_at=stored_time(row[9]),
        contract_revision=row[10],
        restored=row[11],
        changed_rows=row[12] or 0,
    )


_DATASET = """
SELECT d.name, d.mode, d.version, d.rows, d.columns, d.parts, d.bytes, d.added_rows, d.updated_at,
       coalesce(f.files, 0), coalesce(f.quarantined, 0), coalesce(f.waiting, 0), coalesce(d.changed_rows, 0)
FROM datasets d LEFT JOIN (
    SELECT dataset, count(*) FILTER (state = 'committed') AS files,
           count(*) FILTER (state = 'quarantined') AS quarantined,
           count(*) FILTER (state IN ('settling', 'waiting', 'staged')) AS waiting
    FROM files WHERE purpose = 'data' GROUP BY dataset
) f ON f.dataset = d.name
"""


def listing(query: Query, text: str, limit: int, offset: int) -> Page[DatasetRecord]:
    """Datasets by name."""
    rows = query.all(
        f"{_DATASET} WHERE contains(d.name, ?) ORDER BY d.name LIMIT ? OFFSET ?", [text.lower(), limit, offset]
    )
    total = query.one("SELECT count(*) FROM datasets WHERE contains(name, ?)", [text.lower()])
    return page([_dataset(row) for row in rows], int(total[0]) if total else 0, offset)


def get(query: Query, name: str) -> DatasetRecord | None:
    """One dataset."""
    row = query.one(f"{_DATASET} WHERE d.name = ?", [name])
    return None if row is None else _dataset(row)


def _dataset(row: tuple[Any, ...]) -> DatasetRecord:
    return DatasetRecord(
        name=row[0],
        mode=row[1],
        version=row[2],
        rows=row[3],
        columns=row[4],
        parts=row[5],
        bytes=row[6],
        added_rows=row[7],
        updated_at=aware(row[8]),
        files=row[9],
        quarantined=row[10],
        waiting=row[11],
        changed_rows=row[12],
    )


def new_rows_since(query: Query, dataset: str, version: int) -> int:
    """Rows that versions after `version` brought, took away or corrected: all change what there is to learn."""
    return scalar(
        query,
        "SELECT coalesce(sum(abs(added_rows) + coalesce(changed_rows, 0)), 0) "
        "FROM dataset_versions WHERE dataset = ? AND version > ?",
        [dataset, version],
    )
