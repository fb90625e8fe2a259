"""How many predictions a model was not trusted with, why, and what was done about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from shopfloor.domain.definition import HumilityAction
from shopfloor.domain.numbers import count, percent
from shopfloor.domain.record import Record

_JOINED = "; "


class Trigger(StrEnum):
    """Why a model is not trusted with a row."""

    OUT_OF_RANGE = "out_of_range"
    UNSEEN = "unseen"
    UNCERTAIN = "uncertain"


class HumilityCounts(Record, frozen=True, kw_only=True):
    """Predictions that the model was not trusted with: `rows` in all, by trigger (a row may have several) and by what
    was done (`log`, `override`, `refuse`).
    """

    rows: int = 0
    out_of_range: int = 0
    unseen: int = 0
    uncertain: int = 0
    log: int = 0
    override: int = 0
    refuse: int = 0

    def __add__(self, other: HumilityCounts) -> HumilityCounts:
        mine, others = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return HumilityCounts(
            **{name: mine[place] + others[place] for place, name in enumerate(self.__struct_fields__)}
        )

    def told(self, predictions: int) -> str:
        """The figures among `predictions`, for people."""
        share = percent(self.rows / predictions) if predictions else ""
        kinds = {"out of range": self.out_of_range, "unseen category": self.unseen, "uncertain": self.uncertain}
        done = {"logged": self.log, "overridden": self.override, "refused": self.refuse}
        told = (", ".join(f"{count(rows)} {name}" for name, rows in each.items() if rows) for each in (kinds, done))
        return f"{count(self.rows)} of {count(predictions)} predictions ({share}): {'; '.join(filter(None, told))}"


NO_HUMILITY = HumilityCounts()


def joined(reasons: Iterable[str]) -> str:
    """The reasons of one row as they are logged."""
    return _JOINED.join(reasons)


def triggers(humility: str | None) -> list[Trigger]:
    """The kinds of triggers that a row's humility names."""
    return sorted({Trigger(part.partition(":")[0]) for part in humility.split(_JOINED)}) if humility else []


def counts_of(logged: Mapping[tuple[str | None, str | None], int]) -> HumilityCounts:
    """The counts of rows by their humility and their action as the log has them."""
    found: Counter[str] = Counter()
    for (humility, action), rows in logged.items():
        if humility:
            kinds = ["rows", *triggers(humility), *([HumilityAction(action)] if action else [])]
            found.update(dict.fromkeys(kinds, rows))
    return HumilityCounts(**found)
