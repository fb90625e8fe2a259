"""How one raw value becomes a value, as SQL: when it is good, what it then is, and what else it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class CastMode(Enum):
    """How much of what a column may hold is read; whatever lies beyond ends the query with an error.

    The rare spellings cost more to plan than a small file costs to read, so a file is tried in its `PLAIN`
    spelling first, then in `FULL` one. Some values come in changed, such as infinity, which is a
    missing value: only `ALTERING` reads them, and they are counted then.
    """

    PLAIN = "plain"
    FULL = "full"
    ALTERING = "altering"


ALTERED = "to be altered"
"""Part of the error of a query that met a value which only `CastMode.ALTERING` reads."""


@dataclass(frozen=True)
class Alteration:
    """Values that come in changed: the condition over {v} and {a}, what they become, what to say of one or many."""

    when: str
    value: str
    one: str
    many: str


@dataclass(frozen=True)
class CastRule:
    """SQL over {v} (the raw value) and {a} (what `tries` made of it); `tries` may ask {j}, the JSON value.

    Where `good` holds the value is `value`; else the first of `others` whose condition holds, else that
    of `altered`. What is left and is not missing is bad.
    """

    tries: str = ""
    good: str = "{v} IS NOT NULL"
    value: str = "{v}"
    others: tuple[tuple[str, str], ...] = ()
    altered: Alteration | None = None

    def tried(self, column: int) -> list[str]:
        """Select items for the inner query."""
        return [f"{self.tries.format(**_raw(column))} AS a{column}"] if self.tries else []

    def at(self, mode: CastMode, column: int) -> str:
        """The value; one that `mode` does not read ends the query with an error."""
        bad = f"error('bad value in column {column}')"
        if mode is CastMode.PLAIN:
            return self._case(column, bad, self.others[:1])
        altered = self._changed()
        if mode is CastMode.FULL:
            altered = tuple((when, f"error('{ALTERED} in column {column}')") for when, _ in altered)
        return self._case(column, bad, (*self.others, *altered))

    def lenient(self, column: int) -> str:
        """The value; a bad one is NULL."""
        return self._case(column, "NULL", (*self.others, *self._changed()))

    def changed(self, column: int) -> str:
        """True for a value that `altered` is about, NULL or false for others."""
        assert self.altered is not None
        others = "".join(f" WHEN {when} THEN false" for when, _ in self.others)
        return f"CASE WHEN {self.good} THEN false{others} WHEN {self.altered.when} THEN true END".format(
            **_names(column)
        )

    def bad(self, column: int) -> str:
        """True for a bad value, never NULL."""
        return self._bad().format(**_names(column))

    def bad_inline(self, column: int) -> str:
        """`bad` over the raw value alone, for a query that has not tried anything."""
        names = _raw(column)
        return self._bad().format(**names, a=f"({self.tries.format(**names)})")

    def _changed(self) -> tuple[tuple[str, str], ...]:
        return () if self.altered is None else ((self.altered.when, self.altered.value),)

    def _bad(self) -> str:
        others = "".join(f" WHEN {when} THEN false" for when, _ in (*self.others, *self._changed()))
        return f"CASE WHEN {self.good} THEN false WHEN {{v}} IS NULL THEN false{others} ELSE true END"

    def _case(self, column: int, otherwise: str, others: Sequence[tuple[str, str]]) -> str:
        # The test for NULL comes late: a NULL is never good, and good is what matters for speed.
        when = "".join(f" WHEN {test} THEN {value}" for test, value in others)
        inner = f"CASE{when} ELSE {otherwise} END" if when else otherwise
        return (f"CASE WHEN {self.good} THEN {self.value} WHEN {{v}} IS NOT NULL THEN {inner} END").format(
            **_names(column)
        )


def _raw(column: int) -> dict[str, str]:
    return {"v": f"c{column}", "j": f"j{column}"}


def _names(column: int) -> dict[str, str]:
    return {"v": f"c{column}", "a": f"a{column}"}
