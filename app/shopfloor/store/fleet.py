"""Looks at models, as tests of the whole fleet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shopfloor.domain.codec import from_json, to_text
from shopfloor.domain.monitor import FleetLook
from shopfloor.domain.page import Page
from shopfloor.store.rows import Query, page, scalar, stored_time
from shopfloor.store.transaction import Transaction, naive

_NEWEST = (
    "SELECT model, looked_at, p_value, level, found, shifted FROM fleet_looks "
    "QUALIFY row_number() OVER (PARTITION BY model ORDER BY number DESC) = 1"
)


class LooksSoFar(NamedTuple):
    """How many tests there were since a moment, and which of them opened an alert, counted from 1."""

    looks: int
    found: tuple[int, ...]


def since(query: Query, start: datetime) -> LooksSoFar:
    """The tests from `start` on."""
    rows = query.all(
        "SELECT row_number() OVER (ORDER BY number) AS place FROM fleet_looks WHERE looked_at >= ? AND tested "
        "QUALIFY coalesce(discovered, found) ORDER BY place",
        [naive(start)],
    )
    count = scalar(query, "SELECT count(*) FROM fleet_looks WHERE looked_at >= ? AND tested", [naive(start)])
    return LooksSoFar(count, tuple(int(place) for (place,) in rows))


def models_since(query: Query, start: datetime) -> int:
    """How many models were looked at from `start` on."""
    return scalar(query, "SELECT count(DISTINCT model) FROM fleet_looks WHERE looked_at >= ?", [naive(start)])


def add(transaction: Transaction, look: FleetLook, *, tested: bool, discovered: bool, keep: timedelta) -> None:
    """Keep a look, whether it was a test and whether that opened an alert; forget those that are older than `keep`."""
    transaction.execute("DELETE FROM fleet_looks WHERE looked_at < ?", [naive(look.at - keep)])
    number = scalar(transaction, "SELECT coalesce(max(number), 0) + 1 FROM fleet_looks")
    transaction.add(
        "fleet_looks",
        {
            "number": number,
            "model": look.model,
            "looked_at": look.at,
            "p_value": look.p_value,
            "level": look.level,
            "found": look.found,
            "shifted": to_text(look.shifted),
            "tested": tested,
            "discovered": discovered,
        },
    )


def ranking(query: Query, limit: int, offset: int) -> Page[FleetLook]:
    """The newest look at each model, the clearest shift first."""
    rows = query.all(f"SELECT * FROM ({_NEWEST}) ORDER BY p_value, model LIMIT ? OFFSET ?", [limit, offset])
    total = scalar(query, "SELECT count(DISTINCT model) FROM fleet_looks")
    return page([_look(row) for row in rows], total, offset)


def _look(row: tuple[Any, ...]) -> FleetLook:
    model, at, p_value, level, found, shifted = row
    return FleetLook(
        model=model,
        at=stored_time(at),
        p_value=p_value,
        level=level,
        found=found,
        shifted=from_json(shifted, tuple[str, ...]),
    )
