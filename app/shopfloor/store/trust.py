"""The verdicts about deliveries."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.job import JobKind
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.store.images import Row
from shopfloor.store.jobs import OPEN
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


def put(transaction: Transaction, verdict: DeliveryTrust) -> None:
    """Insert or replace a verdict."""
    transaction.put(
        "delivery_trust",
        {
            "dataset": verdict.dataset,
            "version": verdict.version,
            "trust": verdict.trust.value,
            "record": to_text(verdict),
        },
        keep=True,
    )


def get(query: Query, dataset: str, version: int) -> DeliveryTrust | None:
    """The verdict about the rows that a version brought; None where nothing checked them."""
    row = query.row("delivery_trust", dataset, version)
    return None if row is None else of_image(row)


def of_image(row: Row) -> DeliveryTrust:
    """A verdict from its row, also from an earlier one."""
    return msgspec.json.decode(row["record"], type=DeliveryTrust)


def of_dataset(query: Query, dataset: str) -> list[DeliveryTrust]:
    """All verdicts about a dataset, oldest first."""
    rows = query.all("SELECT record FROM delivery_trust WHERE dataset = ? ORDER BY version", [dataset])
    return [msgspec.json.decode(row[0], type=DeliveryTrust) for row in rows]


def withdrawn_samples(query: Query, dataset: str) -> frozenset[str]:
    """The names under which check results know rows that are not in the dataset any more."""
    verdicts = of_dataset(query, dataset)
    gone = {name for one in verdicts if one.withdrawn is not None for name in one.samples}
    return frozenset(gone - {name for one in verdicts if one.withdrawn is None for name in one.samples})


_STILL_THERE = (
    "EXISTS (SELECT 1 FROM dataset_parts b "
    "JOIN dataset_parts n ON n.dataset = b.dataset AND n.sha256 = b.sha256 AND n.removed_version IS NULL "
    "WHERE b.dataset = t.dataset AND b.added_version = t.version)"
)
_UNCHECKED = (
    "trust = ? AND (dataset, version) NOT IN (SELECT (record ->> '$.payload.dataset', "
    f"(record ->> '$.payload.dataset_version')::INTEGER) FROM jobs WHERE kind = ? AND state IN ({OPEN}) "
    "AND record ->> '$.payload.dataset' IS NOT NULL AND record ->> '$.payload.dataset_version' IS NOT NULL)"
)


def undecided(query: Query) -> list[DeliveryTrust]:
    """The deliveries that wait for a person, newest first, and whose rows are still there: they are broken or suspect,
    or their checks have ended without an answer.
    """
    return _newest_first(
        query,
        f"(trust IN (?, ?) OR {_UNCHECKED}) AND {_STILL_THERE}",
        [Trust.BROKEN.value, Trust.SUSPECT.value, Trust.UNKNOWN.value, JobKind.MONITOR.value],
    )


def unchecked(query: Query, dataset: str) -> list[DeliveryTrust]:
    """Those of a dataset that nothing speaks of and no job checks."""
    where = f"dataset = ? AND {_UNCHECKED} AND {_STILL_THERE}"
    return _newest_first(query, where, [dataset, Trust.UNKNOWN.value, JobKind.MONITOR.value])


def awaiting(query: Query, dataset: str, model: str) -> list[DeliveryTrust]:
    """Those of a dataset whose check by a model has not ended."""
    return [one for one in of_dataset(query, dataset) if model in one.pending]


def _newest_first(query: Query, where: str, parameters: list[str]) -> list[DeliveryTrust]:
    rows = query.all(f"SELECT record FROM delivery_trust t WHERE {where}", parameters)
    found = [msgspec.json.decode(row[0], type=DeliveryTrust) for row in rows]
    return sorted(found, key=lambda one: one.decided_at, reverse=True)


def broken_samples(query: Query, dataset: str) -> frozenset[str]:
    """The names under which check results know rows of broken deliveries."""
    return frozenset(name for one in of_dataset(query, dataset) if one.trust is Trust.BROKEN for name in one.samples)


def unreliable(query: Query, dataset: str) -> frozenset[int]:
    """The versions whose delivery is broken, or has left the dataset."""
    verdicts = of_dataset(query, dataset)
    return frozenset(one.version for one in verdicts if one.trust is Trust.BROKEN or one.withdrawn is not None)


def in_doubt(query: Query, dataset: str, files: Iterable[str]) -> list[DeliveryTrust]:
    """The deliveries that nobody may rely on yet and that brought one of `files`, oldest first."""
    rows = query.all(
        "SELECT record FROM delivery_trust WHERE dataset = ? AND trust <> ? ORDER BY version",
        [dataset, Trust.TRUSTED.value],
    )
    known = set(files)
    found = [msgspec.json.decode(row[0], type=DeliveryTrust) for row in rows]
    return [one for one in found if known.intersection(one.files)]
