"""Requests to model versions, counted: rows that are only added."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.service import BATCH, FaultCount, RequestCounts, RequestFault, summed
from shopfloor.domain.text import counted
from shopfloor.store.rows import Query, scalar
from shopfloor.store.transaction import Transaction


def add(
    transaction: Transaction, model: str, version: int, source: str, answered: int, faults: Sequence[FaultCount] = ()
) -> None:
    """Count requests; those that failed are an event, too."""
    number = scalar(transaction, "SELECT coalesce(max(number), 0) + 1 FROM request_counts")
    transaction.add(
        "request_counts",
        {
            "number": number,
            "model": model,
            "model_version": version,
            "source": source,
            "counted_at": transaction.now,
            "answered": answered,
            "faults": to_text(summed(faults)) if faults else None,
        },
    )
    counts = RequestCounts(source=source, answered=answered, faults=tuple(faults))
    if failed := counts.of(RequestFault.FAILED):
        what = "file" if source == BATCH else "request"
        transaction.emit(
            "predictions.failed",
            model,
            f"{counted(failed, what)} to {model}@{version} failed",
            data={"requests": failed, "model_version": version},
        )


def counted_after(query: Query, model: str, version: int, source: str, after: int) -> RequestCounts:
    """The sum of the counts of a version that are later than number `after`."""
    found = query.one(
        "SELECT coalesce(sum(answered), 0)::BIGINT, max(number), list(faults) FILTER (faults IS NOT NULL) "
        "FROM request_counts WHERE model = ? AND model_version = ? AND source = ? AND number > ?",
        [model, version, source, after],
    )
    answered, until, texts = found or (0, None, None)
    faults = (one for text in texts or () for one in msgspec.json.decode(text, type=tuple[FaultCount, ...]))
    return RequestCounts(
        source=source, answered=answered, faults=summed(faults), after=after, until=after if until is None else until
    )
