"""Which rows two versions do not share, by DuckDB over the parts that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import RowChange, RowDiff
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.lake.preview import SHOWN
from shopfloor.lake.records import Side
from shopfloor.lake.source import only_in, rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Values = dict[str, str | None]


class RowComparison:
    """The rows of two versions that are not in both, kept as temporary tables of `connection`.

    Equal rows cancel, as often as both sides have them. With a key the rest is paired by it: a
    removed and an added row of one key are a changed row. Where a key repeats, its rows are paired
    in the order of their values. A part that both versions hold is not read. Raises `UsageError`
    for a key that is not a column of both, `IntegrityError` for a damaged part.
    """

    def __init__(self, connection: DuckDBPyConnection, left: Side, right: Side, key: Sequence[str]) -> None:
        self._connection = connection
        self._shared = _shared(left.columns, right.columns)
        self.names = [column.name for column, _, _ in self._shared]
        self._key = list(dict.fromkeys(_place(each, self.names) for each in key))
        self._places = range(len(self.names))
        self._rest = [place for place in self._places if place not in self._key]
        self._rows = sum(part.rows for part in right.parts)
        self._parts_read = self._cancel(left, right)
        if self._key:
            self._pair()

    def result(self, limit: int) -> RowDiff:
        """The counts, and at most `limit` examples of each kind of change, in the order of the key."""
        added, removed, changed = self._paired_counts() if self._key else self._counts()
        examples = tuple(self._paired_examples(limit) if self._key else self._examples(limit))
        return RowDiff(
            key=tuple(self.names[place] for place in self._key),
            added=added,
            removed=removed,
            changed=changed,
            unchanged=self._rows - added - changed,
            examples=examples,
            truncated=sum(example.copies for example in examples) < added + removed + changed,
            parts_read=self._parts_read,
        )

    def changed_rows(self) -> dict[str, int]:
        """How many changed rows have another value in a column; nothing without a key."""
        if not self._key:
            return {}
        items = _list(self._places, "count(*) FILTER (l{0} IS DISTINCT FROM r{0})")
        found = self._all(f"SELECT {items} FROM pairs WHERE gone AND come")[0]
        return {name: int(number) for name, number in zip(self.names, found, strict=True)}

    def _cancel(self, left: Side, right: Side) -> int:
        """Table `moved`: every different row with `n`, by how many `right` has more of it."""
        before, after = only_in(left.parts, right.parts), only_in(right.parts, left.parts)
        old = rows(self._connection, before, [(column, kind) for column, _, kind in self._shared])
        new = rows(self._connection, after, [(column, kind) for _, column, kind in self._shared])
        columns = _list(self._places, "c{0}")
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE moved AS SELECT {columns}, sum(s)::BIGINT AS n "
            f"FROM (SELECT *, -1 AS s FROM ({old}) UNION ALL SELECT *, 1 AS s FROM ({new})) "
            f"GROUP BY {columns} HAVING sum(s) <> 0"
        )
        return len(before) + len(after)

    def _pair(self) -> None:
        """Table `pairs`: l0, l1, … of removed rows, r0, r1, … of added ones."""
        same = " AND ".join([*(f"a.c{i} IS NOT DISTINCT FROM b.c{i}" for i in self._key), "a.k = b.k"])
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT {_list(self._places, 'a.c{0} AS l{0}, b.c{0} AS r{0}')}, "
            "a.k IS NOT NULL AS gone, b.k IS NOT NULL AS come "
            f"FROM ({self._numbered('-n')}) a FULL JOIN ({self._numbered('n')}) b ON {same}"
        )

    def _numbered(self, copies: str) -> str:
        """The rows of one side, each as often as it occurs, with k: their number within their key."""
        columns = _list(self._places, "c{0}")
        return (
            f"SELECT {columns}, row_number() OVER (PARTITION BY {_list(self._key, 'c{0}')} ORDER BY {columns}) AS k "
            f"FROM (SELECT {columns}, unnest(range({copies})) FROM moved WHERE {copies} > 0)"
        )

    def _counts(self) -> tuple[int, int, int]:
        found = self._all("SELECT coalesce(sum(n) FILTER (n > 0), 0), coalesce(-sum(n) FILTER (n < 0), 0) FROM moved")
        return int(found[0][0]), int(found[0][1]), 0

    def _paired_counts(self) -> tuple[int, int, int]:
        found = self._all(
            "SELECT count(*) FILTER (NOT gone), count(*) FILTER (NOT come), count(*) FILTER (gone AND come) FROM pairs"
        )
        return int(found[0][0]), int(found[0][1]), int(found[0][2])

    def _examples(self, limit: int) -> Iterable[RowChange]:
        columns = _list(self._places, "c{0}")
        for change, side in (("removed", "n < 0"), ("added", "n > 0")):
            found = self._all(
                f"SELECT {_list(self._places, 'c{0}::VARCHAR')}, abs(n) FROM moved WHERE {side} "
                f"ORDER BY {columns} LIMIT {int(limit)}"
            )
            for *values, copies in found:
                shown = self._named(self._places, values)
                old, new = (shown, {}) if change == "removed" else ({}, shown)
                yield RowChange(change=change, old=old, new=new, copies=int(copies))

    def _paired_examples(self, limit: int) -> Iterable[RowChange]:
        for change, which in (("changed", "gone AND come"), ("removed", "NOT come"), ("added", "NOT gone")):
            side = "r" if change == "added" else "l"
            found = self._all(
                f"SELECT {_list(self._places, 'l{0}::VARCHAR')}, {_list(self._places, 'r{0}::VARCHAR')}, "
                f"{_list(self._places, 'l{0} IS DISTINCT FROM r{0}')} FROM pairs WHERE {which} "
                f"ORDER BY {_list(self._key, side + '{0}')} LIMIT {int(limit)}"
            )
            yield from (self._change(change, row) for row in found)

    def _change(self, change: str, row: Sequence[Any]) -> RowChange:
        width = len(self.names)
        old, new, moved = row[:width], row[width : 2 * width], row[2 * width :]
        places = [i for i in self._rest if moved[i]] if change == "changed" else self._rest
        present = new if change == "added" else old
        return RowChange(
            change=change,
            key=self._named(self._key, [present[i] for i in self._key]),
            old={} if change == "added" else self._named(places, [old[i] for i in places]),
            new={} if change == "removed" else self._named(places, [new[i] for i in places]),
        )

    def _named(self, places: Iterable[int], values: Sequence[str | None]) -> Values:
        shown = (None if value is None else safe(value, SHOWN) for value in values)
        return {self.names[place]: value for place, value in zip(places, shown, strict=True)}

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


def _list(places: Iterable[int], item: str) -> str:
    return ", ".join(item.format(place) for place in places)


def _shared(left: Sequence[Column], right: Sequence[Column]) -> list[tuple[Column, Column, ColumnType]]:
    """Columns of both versions in the order of the right one, with the type that can hold both."""
    before = {column.name: column for column in left}
    found = [
        (before[column.name], column, _common(before[column.name].type, column.type))
        for column in right
        if column.name in before
    ]
    if not found:
        raise RefusedError(
            "The two versions have no column in common, so their rows cannot be compared.",
            hint="Leave out --rows to compare columns and counts.",
            code="no_common_column",
        )
    return found


def _common(left: ColumnType, right: ColumnType) -> ColumnType:
    if left is right:
        return left
    if left.numeric and right.numeric:
        return ColumnType.NUMBER
    return ColumnType.TIMESTAMP if left.temporal and right.temporal else ColumnType.TEXT


def _place(column: str, names: Sequence[str]) -> int:
    found = ColumnNames(names).find(column)
    if found is None:
        raise UsageError(
            f"Both versions need a column {safe(column, 80)!r} to be the key.",
            hint=did_you_mean(column, names),
            code="no_column",
        )
    return names.index(found)
