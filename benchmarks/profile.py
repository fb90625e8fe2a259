"""Profile and diff of a dataset version against bare DuckDB over the same rows, in the same run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.figure import Figure, seconds
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import connect, texts
from shopfloor.lake.objects import file_sha256
from shopfloor.lake.profile import profile
from shopfloor.lake.records import Side
from shopfloor.lake.rowdiff import RowComparison
from shopfloor.lake.statistics_cache import StatisticsCache

_PARTS = 12
_MEMORY_MB = 1000
_ROUNDS = 3
# Twelve mixed columns: keys, measures, categories, times, and one with missing values.
_COLUMNS = (
    ("id", ColumnType.INTEGER, "id"),
    ("price", ColumnType.NUMBER, "(hash(id, 1) % 100000) / 100"),
    ("weight", ColumnType.NUMBER, "ln(1 + (hash(id, 2) % 1000000))"),
    ("quantity", ColumnType.INTEGER, "hash(id, 3) % 100"),
    ("category", ColumnType.TEXT, "'category ' || (hash(id, 4) % 50)"),
    ("code", ColumnType.TEXT, "'code-' || hash(id, 5)"),
    ("active", ColumnType.BOOLEAN, "hash(id, 6) % 2 = 0"),
    ("day", ColumnType.DATE, "DATE '2020-01-01' + (hash(id, 7) % 1000)::INTEGER"),
    ("moment", ColumnType.TIMESTAMP, "TIMESTAMP '2020-01-01' + to_seconds((hash(id, 8) % 100000000)::BIGINT)"),
    ("visits", ColumnType.INTEGER, "hash(id, 9) % 1000000"),
    ("city", ColumnType.TEXT, "'city ' || (hash(id, 10) % 5000)"),
    ("score", ColumnType.NUMBER, "CASE WHEN hash(id, 11) % 10 > 0 THEN (hash(id, 12) % 1000) / 1000 END"),
)


def run(smoke: bool) -> list[Figure]:
    """Seconds of the product beside seconds of bare DuckDB: two threads each, best of three."""
    rows = 5_000 if smoke else 250_000  # of a part
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as name:
        folder = Path(name)
        parts = [_part(folder, number * rows, rows) for number in range(_PARTS)]
        columns = tuple(Column(name=column, type=kind) for column, kind, _ in _COLUMNS)
        return [*_profiles(folder, parts, columns), *_diffs(folder, parts, columns, rows)]


def _part(folder: Path, first: int, rows: int, changed: int = 0) -> PartFile:
    """Rows `first` to `first + rows`; with `changed` another price in every row of that stride."""
    path = folder / f"{first}-{changed}.parquet"
    items = ", ".join(f"{expression} AS {name}" for name, _, expression in _COLUMNS)
    price = f"CASE WHEN id % {changed} = 0 THEN price + 1 ELSE price END" if changed else "price"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE ({price} AS price) FROM (SELECT {items} FROM "
            f"(SELECT range::BIGINT AS id FROM range({first}, {first + rows})))) TO '{path}' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    return PartFile(path=str(path), sha256=file_sha256(path), rows=rows)


def _profiles(folder: Path, parts: list[PartFile], columns: tuple[Column, ...]) -> list[Figure]:
    connection = connect(memory_mb=_MEMORY_MB, temp=folder / "temp")
    shelves = [StatisticsCache(folder / f"shelf{number}") for number in range(_ROUNDS)]
    for shelf in shelves:
        read = profile(connection, parts[:-1], columns, shelf).parts_read
        assert read == _PARTS - 1
    whole = _best(lambda number: _summarize(parts))
    newest = _best(lambda number: profile(connection, parts, columns, shelves[number]))
    again = _best(lambda number: profile(connection, parts, columns, shelves[number]))
    first = _best(lambda number: profile(connection, parts, columns, StatisticsCache(folder / f"empty{number}")))
    connection.close()
    return [
        Figure("profile, one new part of 12 / SUMMARIZE of all", newest, "s", whole, at_most=0.2),
        Figure("profile, nothing new / SUMMARIZE of all", again, "s", whole, at_most=0.02),
        Figure("profile, first time / SUMMARIZE of all", first, "s", whole, at_most=1.5),
    ]


def _summarize(parts: list[PartFile]) -> None:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"SUMMARIZE FROM read_parquet({texts([part.path for part in parts])})").fetchall()


def _diffs(folder: Path, parts: list[PartFile], columns: tuple[Column, ...], rows: int) -> list[Figure]:
    """A snapshot in which one row of a hundred has another price, and a version with one more part."""
    half = parts[:4]
    other = [_part(folder, number * rows, rows, changed=100) for number in range(4)]
    left, right = Side(parts=tuple(half), columns=columns), Side(parts=tuple(other), columns=columns)
    longer = Side(parts=tuple(parts), columns=columns)
    shorter = Side(parts=tuple(parts[:-1]), columns=columns)
    connection = connect(memory_mb=_MEMORY_MB, temp=folder / "temp")

    def keyed(number: int) -> None:
        found = RowComparison(connection, left, right, ("id",)).result(20)
        assert (found.changed, found.added, found.removed) == (4 * rows // 100, 0, 0)

    def grown(number: int) -> None:
        found = RowComparison(connection, shorter, longer, ()).result(20)
        assert (found.added, found.removed) == (rows, 0)

    figures = (_best(keyed), _best(lambda number: _join(half, other)), _best(grown))
    raw = _best(lambda number: _except(parts[:-1], parts))
    connection.close()
    by_key, join, by_part = figures
    return [
        Figure(f"diff of {4 * rows:,} rows by key / one join", by_key, "s", join, at_most=3),
        Figure("diff, one more part of 12 / EXCEPT ALL of all", by_part, "s", raw, at_most=0.1),
    ]


def _join(left: list[PartFile], right: list[PartFile]) -> None:
    """What one writes by hand: the rows whose values differ."""
    others = " OR ".join(f"l.{name} IS DISTINCT FROM r.{name}" for name, _, _ in _COLUMNS[1:])
    sides = [f"read_parquet({texts([part.path for part in side])})" for side in (left, right)]
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            f"SELECT l.id, l.* EXCLUDE (id), r.* EXCLUDE (id) FROM {sides[0]} l FULL JOIN {sides[1]} r "
            f"ON l.id = r.id WHERE l.id IS NULL OR r.id IS NULL OR {others}"
        ).fetchall()


def _except(left: list[PartFile], right: list[PartFile]) -> None:
    sides = [f"FROM read_parquet({texts([part.path for part in side])})" for side in (left, right)]
    with duckdb.connect(config={"threads": 2}) as connection:
        for query in (f"{sides[0]} EXCEPT ALL {sides[1]}", f"{sides[1]} EXCEPT ALL {sides[0]}"):
            connection.execute(f"SELECT count(*) FROM ({query})").fetchall()


def _best(measured: Callable[[int], object]) -> float:
    """The shortest of some rounds: the others met a neighbour."""
    return min(seconds(lambda n=number: measured(n)) for number in range(_ROUNDS))
