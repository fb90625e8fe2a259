"""Names of columns: two that differ only in upper and lower case name the same column.

SQL takes them so, and a dataset with both would lose one. Full case folding is wider than DuckDB's
own, which folds ASCII letters: whatever is one name to DuckDB is one name here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shopfloor.domain.text import first_of, quoted

_NAMED = 5
"""So many columns are named in a notice."""


def fold(name: str) -> str:
    """What is the same for two names of one column."""
    return name.casefold()


class ColumnNames:
    """The columns of a table, found by name in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        self._spelled: dict[str, str] = {}
        for name in names:
            self._spelled.setdefault(fold(name), name)

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._spelled

    def find(self, name: str) -> str | None:
        """The column's own spelling of `name`, or None where there is no such column."""
        return self._spelled.get(fold(name))

    def spelled(self, name: str) -> str:
        """The column's own spelling of `name`; an unknown name as it is."""
        return self._spelled.get(fold(name), name)


def collision(names: Iterable[str]) -> tuple[str, ...]:
    """The first names among different ones that name the same column; empty where there are none."""
    folded: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        folded.setdefault(fold(name), []).append(name)
    return next((tuple(same) for same in folded.values() if len(same) > 1), ())


def case_notice(pairs: Sequence[tuple[str, str]]) -> str:
    """The notice about columns taken as others; `pairs` are their names as written and as known."""
    words = first_of([f"{quoted(written)} as {quoted(known)}" for written, known in pairs], _NAMED)
    return f"Column names were matched without regard to case: {words}."
