"""The release rules in force, and who has agreed to lower them."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.release import HeldRule, Lowering, ReleaseRule
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_HELD = "SELECT model, rule, lowering FROM release_rules"


def get(query: Query, model: str) -> HeldRule | None:
    """The rule in force of a model; None where its definition alone says it."""
    row = query.one(f"{_HELD} WHERE model = ?", [model])
    return None if row is None else _held(row)


def held(query: Query) -> dict[str, HeldRule]:
    """All rules in force by their model."""
    return {row[0]: _held(row) for row in query.all(_HELD)}


def put(transaction: Transaction, value: HeldRule) -> None:
    """Insert or replace the rule of a model."""
    lowering = None if value.lowering is None else to_text(value.lowering)
    transaction.put(
        "release_rules", {"model": value.model, "rule": to_text(value.rule), "lowering": lowering}, keep=True
    )


def _held(row: tuple[Any, ...]) -> HeldRule:
    return HeldRule(
        model=row[0],
        rule=msgspec.json.decode(row[1], type=ReleaseRule),
        lowering=None if row[2] is None else msgspec.json.decode(row[2], type=Lowering),
    )
