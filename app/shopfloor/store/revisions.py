"""Revisions of contracts."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.page import Page
from shopfloor.domain.revision import ContractCause, ContractRevision
from shopfloor.store.rows import Query, page, scalar, stored_time
from shopfloor.store.transaction import Transaction

_REVISION = "SELECT dataset, revision, cause, actor, changes, text, happened_at FROM contract_revisions"


def put(transaction: Transaction, revision: ContractRevision) -> None:
    """Insert or replace one revision."""
    transaction.put(
        "contract_revisions",
        {
            "dataset": revision.dataset,
            "revision": revision.revision,
            "cause": revision.cause.value,
            "actor": revision.actor,
            "changes": to_text(revision.changes),
            "text": revision.text,
            "happened_at": revision.at,
        },
        keep=True,
    )


def last(query: Query, dataset: str) -> ContractRevision | None:
    """The newest revision of a dataset's contract."""
    row = query.one(f"{_REVISION} WHERE dataset = ? ORDER BY revision DESC LIMIT 1", [dataset])
    return None if row is None else _revision(row)


def get(query: Query, dataset: str, revision: int) -> ContractRevision | None:
    """One revision."""
    row = query.one(f"{_REVISION} WHERE dataset = ? AND revision = ?", [dataset, revision])
    return None if row is None else _revision(row)


def number(query: Query, dataset: str) -> int:
    """The newest revision's number, 0 without one."""
    return scalar(query, "SELECT coalesce(max(revision), 0) FROM contract_revisions WHERE dataset = ?", [dataset])


def listing(query: Query, dataset: str, limit: int, offset: int) -> Page[ContractRevision]:
    """Revisions, newest first."""
    rows = query.all(f"{_REVISION} WHERE dataset = ? ORDER BY revision DESC LIMIT ? OFFSET ?", [dataset, limit, offset])
    total = query.one("SELECT count(*) FROM contract_revisions WHERE dataset = ?", [dataset])
    return page([_revision(row) for row in rows], int(total[0]) if total else 0, offset)


def _revision(row: tuple[Any, ...]) -> ContractRevision:
    return ContractRevision(
        dataset=row[0],
        revision=row[1],
        cause=ContractCause(row[2]),
        actor=row[3],
        changes=tuple(msgspec.json.decode(row[4], type=list[str])),
        text=row[5],
        at=stored_time(row[6]),
    )
