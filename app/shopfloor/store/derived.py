"""From which versions of other datasets a query made the newest rows of a derived one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.dataset import DatasetInput
from shopfloor.domain.record import Record
from shopfloor.store.rows import Query, stored_time
from shopfloor.store.transaction import Transaction


class Derived(Record, frozen=True, kw_only=True):
    """The newest result of a dataset's query: the query's text, what it read, and the file that holds the result (None
    where there were no new rows to hold).
    """

    dataset: str
    query: str
    inputs: tuple[DatasetInput, ...]
    file: str | None
    made_at: datetime


def get(query: Query, dataset: str) -> Derived | None:
    """The newest result; None before the first."""
    row = query.one("SELECT query, inputs, file, made_at FROM derived_datasets WHERE dataset = ?", [dataset])
    if row is None:
        return None
    inputs = msgspec.json.decode(row[1], type=tuple[DatasetInput, ...])
    return Derived(dataset=dataset, query=row[0], inputs=inputs, file=row[2], made_at=stored_time(row[3]))


def put(transaction: Transaction, made: Derived) -> None:
    """Replace what is known of a dataset's newest result."""
    transaction.put(
        "derived_datasets",
        {
            "dataset": made.dataset,
            "query": made.query,
            "inputs": to_text(made.inputs),
            "file": made.file,
            "made_at": made.made_at,
        },
        keep=True,
    )
