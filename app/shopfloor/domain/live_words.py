"""How a champion does now, in words, one text for every face: a score without its maturity would promise too much."""

from __future__ import annotations

from shopfloor.domain.numbers import count, figure, whole_percent
from shopfloor.domain.release import ModelRecord
from shopfloor.domain.text import counted


def live(model: ModelRecord) -> str:
    """`0.7012 on 1,500 rows, 1,539 of 7,379 known (21 %)`; empty while no actual is known."""
    if not model.live_rows:
        return ""
    known = maturity(model)
    return f"{figure(model.live_score)} on {counted(model.live_rows, 'row')}" + (
        f", {count(model.live_known)} of {count(model.live_of)} known ({known})" if known else ""
    )


def maturity(model: ModelRecord) -> str:
    """`21 %`: the share of the predictions behind the live score whose actual is known; empty without one."""
    return whole_percent(model.live_known / model.live_of) if model.live_of else ""
