"""The texts of `workspace.toml` and of definitions as the engine last wrote them; the files are the truth."""

from __future__ import annotations

from typing import Any

from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

WRITTEN = "written"


def put(transaction: Transaction, name: str, before: str | None, after: str) -> None:
    """The file `name` is about to have the text `after`; `before` is what it has, None where there is no file."""
    transaction.told("texts", (name,), None if before is None else _earlier(transaction, name, before))
    transaction.put("texts", _row(transaction, name, after), keep=True)


def last(query: Query, name: str) -> str | None:
    """The text that the engine last wrote to a file, None when it never did."""
    row = query.row("texts", name)
    return None if row is None else str(row["text"])


def _earlier(transaction: Transaction, name: str, before: str) -> dict[str, Any]:
    """With what the engine itself wrote last (`WRITTEN`), where somebody edited the file since."""
    row, written = _row(transaction, name, before), last(transaction, name)
    return row if written in (None, before) else {**row, WRITTEN: written}


def _row(transaction: Transaction, name: str, text: str) -> dict[str, Any]:
    return {"name": name, "text": text, "changed_at": transaction.now}
