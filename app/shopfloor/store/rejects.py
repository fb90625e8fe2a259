"""Rejected rows of delivered files: the first of each, kept for people who mend them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shopfloor.domain.page import Page
from shopfloor.domain.reject import MOST, Reject
from shopfloor.store.rows import Query, page
from shopfloor.store.transaction import Transaction, naive

# Of files that are decided; what waits for somebody is kept, and so is what is on its way.
_OLD = (
    "FROM files WHERE state IN ('committed', 'withdrawn', 'duplicate', 'discarded', 'refused') "
    "AND coalesce(committed_at, seen_at) < ?"
)


def put(transaction: Transaction, file: str, rejects: Sequence[Reject]) -> None:
    """Keep the first `MOST` of a file's rejects, in place of what was kept of an earlier attempt."""
    transaction.execute("DELETE FROM rejects WHERE file = ?", [file])
    rows = [
        {
            "file": file,
            "ordinal": ordinal,
            "code": reject.code,
            "message": reject.message,
            "line": reject.line,
            "row_number": reject.row,
            "column_name": reject.column,
            "value": reject.value,
            "record": reject.record,
        }
        for ordinal, reject in enumerate(rejects[:MOST])
    ]
    if rows:
        transaction.put_many("rejects", rows)


def listing(query: Query, file: str, limit: int, offset: int) -> Page[Reject]:
    """Rejects of a file in the order of its lines; `total` counts those that are kept."""
    rows = query.all(
        "SELECT code, message, line, row_number, column_name, value, record FROM rejects WHERE file = ? "
        "ORDER BY ordinal LIMIT ? OFFSET ?",
        [file, limit, offset],
    )
    total = query.one("SELECT count(*) FROM rejects WHERE file = ?", [file])
    found = [
        Reject(code=row[0], message=row[1], line=row[2], row=row[3], column=row[4], value=row[5], record=row[6])
        for row in rows
    ]
    return page(found, int(total[0]) if total else 0, offset)


def old(query: Query, before: datetime) -> list[tuple[str, int, int]]:
    """(dataset, files, rows) of rejects whose file was decided, and came in or was seen `before`."""
    rows = query.all(
        f"SELECT f.dataset, count(DISTINCT r.file), count(*) FROM rejects r JOIN (SELECT id, dataset {_OLD}) f "
        "ON r.file = f.id GROUP BY f.dataset ORDER BY f.dataset",
        [naive(before)],
    )
    return [(str(dataset), int(files), int(count)) for dataset, files, count in rows]


def forget(transaction: Transaction, before: datetime) -> None:
    """Drop those that `old` counts."""
    transaction.execute(f"DELETE FROM rejects WHERE file IN (SELECT id {_OLD})", [naive(before)])
