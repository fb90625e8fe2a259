"""Terms of value and entries of cost: rows that are only added."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.definition import ModelDefinition, Value
from shopfloor.domain.numbers import money
from shopfloor.domain.value import CostEntry, CostKind, ValueTerms
from shopfloor.store.rows import Query, stored_time
from shopfloor.store.transaction import Transaction, naive

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The first terms hold for all that was predicted before them, too."""

_FIGURES = ("true_positive", "false_positive", "true_negative", "false_negative", "per_absolute_error")
_COST = "SELECT id, model, kind, amount, note, spent_at, reverses, actor FROM value_costs"


def terms(query: Query, model: str) -> tuple[ValueTerms, ...]:
    """All terms of a model, oldest first."""
    rows = query.all("SELECT record FROM value_terms WHERE model = ? ORDER BY terms", [model])
    return tuple(msgspec.json.decode(row[0], type=ValueTerms) for row in rows)


def amounts(query: Query, definition: ModelDefinition) -> tuple[str, ...]:
    """The columns that any terms of a model name as amounts, noticed or not."""
    values = [one.value for one in terms(query, definition.name)] + ([definition.value] if definition.value else [])
    return tuple(dict.fromkeys(column for value in values for column in value.columns))


def add_terms(transaction: Transaction, model: str, value: Value, source: str, actor: str) -> ValueTerms | None:
    """Terms that differ from those that a model has; None where they do not.

    They begin now at the earliest, so that nothing that was predicted is valued anew.
    """
    known = terms(transaction, model)
    last = known[-1] if known else None
    if last is not None and (last.value.terms, last.source) == (value.terms, source):
        return None
    begins = BEGINNING if last is None else max(value.valid_from or transaction.now, transaction.now)
    added = ValueTerms(terms=len(known) + 1, valid_from=begins, value=value.terms, source=source)
    figures = {name: getattr(value, name) for name in _FIGURES}
    transaction.put(
        "value_terms",
        {
            "model": model,
            "terms": added.terms,
            "valid_from": begins,
            "unit": value.unit,
            **{name: None if value.function or isinstance(each, str) else each for name, each in figures.items()},
            "record": to_text(added),
            "actor": actor,
            "recorded_at": transaction.now,
        },
        keep=True,
    )
    when = "" if last is None else f" from {begins:%Y-%m-%d %H:%M} on"
    transaction.emit(
        "value.terms",
        model,
        f"{model}: value terms {added.terms} hold{when}",
        actor=actor,
        data={"terms": added.terms, "valid_from": begins.isoformat()},
    )
    return added


def costs(query: Query, model: str) -> tuple[CostEntry, ...]:
    """All entries of a model, oldest first."""
    return tuple(_entry(row) for row in query.all(f"{_COST} WHERE model = ? ORDER BY number", [model]))


def cost(query: Query, id: str) -> CostEntry | None:
    """One entry."""
    row = query.one(f"{_COST} WHERE id = ?", [id])
    return None if row is None else _entry(row)


def enter(transaction: Transaction, entry: CostEntry, unit: str) -> CostEntry:
    """Enter a cost under a new id, with its event."""
    id, number = transaction.next_id("c")
    entered = msgspec.structs.replace(entry, id=id)
    row: dict[str, Any] = msgspec.structs.asdict(entered)
    row |= {"kind": entry.kind.value, "number": number, "recorded_at": transaction.now}
    row["spent_at"] = naive(entry.spent_at)
    transaction.put("value_costs", row, keep=True)
    about = f" ({entry.note})" if entry.note else ""
    word = f"reverses {entry.reverses}" if entry.reverses else f"{money(entry.amount, unit)} for {entry.kind.value}"
    transaction.emit(
        "value.cost",
        entry.model,
        f"{entry.model}: cost {id} {word}{about}",
        actor=entry.actor,
        data={"id": id, "kind": entry.kind.value, "amount": entry.amount},
    )
    return entered


def _entry(row: tuple[Any, ...]) -> CostEntry:
    return CostEntry(
        id=row[0],
        model=row[1],
        kind=CostKind(row[2]),
        amount=row[3],
        note=row[4],
        spent_at=stored_time(row[5]),
        reverses=row[6],
        actor=row[7],
    )
