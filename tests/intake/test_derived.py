"""Queries of derived datasets: which ones may be asked, and when new rows of an input are only added to the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import DatasetInput
from shopfloor.domain.errors import ConfigError, DataError, IntegrityError
from shopfloor.domain.file import Derivation
from shopfloor.domain.handles import PartFile
from shopfloor.intake.derived.query import newest_of, plain, read_query
from shopfloor.intake.derived.records import DeriveOutcome, DeriveSpec, QueryInput
from shopfloor.intake.derived.task import derive
from shopfloor.workspace.digests import file_sha256

GROWING = (
    "FROM trips",
    "SELECT id, km * 1.6 AS miles FROM trips WHERE km > 2",
    "SELECT t.id, degrees FROM trips t LEFT JOIN weather USING (day)",
    "SELECT t.* FROM trips t JOIN weather w ON t.day = w.day AND degrees > 0",
    "SELECT * FROM trips SEMI JOIN weather USING (day)",
    "SELECT * FROM trips ANTI JOIN weather USING (day)",
    "SELECT t.id, w.n FROM trips t LEFT JOIN (SELECT day, count(*) AS n FROM weather GROUP BY day) w USING (day)",
    "SELECT t.id, upper(day) AS d, unnest([km, 2 * km]) AS k FROM trips t",
    "SELECT * FROM trips, weather",
    "SELECT t.id, degrees FROM trips t ASOF LEFT JOIN weather w ON t.km >= w.degrees",
)
WHOLE = (
    "SELECT day, sum(km) AS km FROM trips GROUP BY day",
    "SELECT count(*) AS n FROM trips",
    "SELECT DISTINCT day FROM trips",
    "SELECT *, row_number() OVER (ORDER BY id) AS n FROM trips",
    "SELECT * FROM trips QUALIFY row_number() OVER (PARTITION BY day ORDER BY id DESC) = 1",
    "SELECT * FROM trips ORDER BY km, id LIMIT 3",
    "SELECT a.id, b.km FROM trips a JOIN trips b USING (day)",
    "SELECT * FROM weather RIGHT JOIN trips USING (day)",
    "SELECT * FROM trips FULL JOIN weather USING (day)",
    "SELECT * FROM trips WHERE km > (SELECT avg(km) FROM trips)",
    "SELECT id FROM trips UNION ALL SELECT 0 FROM weather",
    "WITH trips AS (SELECT day, max(km) AS km FROM trips GROUP BY day) SELECT * FROM trips",
    "SELECT * FROM trips POSITIONAL JOIN weather",
)
REFUSED = (
    ("SELECT random() AS r FROM trips", "random"),
    ("SELECT * FROM trips WHERE day < current_date", "current_date"),
    ("SELECT now() AS t, * FROM trips", "now"),
    ("SELECT age(day::DATE) FROM trips", "age"),
    ("SELECT * FROM trips USING SAMPLE 10", "sample"),
    ("SELECT * FROM (SELECT * FROM trips TABLESAMPLE 10%)", "sample"),
    ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
    ("SELECT * FROM trips WHERE id IN (SELECT id FROM read_text('/etc/passwd'))", "read_text"),
    ("SELECT * FROM duckdb_settings()", "duckdb_settings"),
    ("SELECT * FROM information_schema.tables", "information_schema"),
    ("SHOW TABLES", "show"),
    ("SELECT 1", "no dataset"),
    ("DELETE FROM trips", "DELETE"),
    ("COPY trips TO 'x'", "COPY"),
    ("SELECT 1 FROM trips; SELECT 2 FROM trips", "2 statements"),
    ("selec", "syntax error"),
)
TRIPS = (
    Column(name="id", type=ColumnType.INTEGER),
    Column(name="day", type=ColumnType.TEXT),
    Column(name="km", type=ColumnType.NUMBER),
)
WEATHER = (Column(name="day", type=ColumnType.TEXT), Column(name="degrees", type=ColumnType.NUMBER))

Row = tuple[Any, ...]


class Lake:
    """Parts on the disk, and queries over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0

    def part(self, columns: tuple[Column, ...], rows: list[Row]) -> PartFile:
        self.made += 1
        path = self.folder / f"{self.made}.parquet"
        kinds = {ColumnType.INTEGER: "BIGINT", ColumnType.TEXT: "VARCHAR", ColumnType.NUMBER: "DOUBLE"}
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"CREATE TABLE t ({', '.join(f'{c.name} {kinds[c.type]}' for c in columns)})")
            if rows:
                connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' for _ in columns)})", rows)
            connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        return PartFile(path=str(path), sha256=file_sha256(path), rows=len(rows))

    def ask(self, query: str, trips: list[PartFile], weather: list[PartFile]) -> DeriveOutcome:
        known = {"trips": (TRIPS, trips), "weather": (WEATHER, weather)}
        return self.run(query, {table: known[table] for table in read_query(query).tables})

    def run(self, query: str, tables: dict[str, tuple[tuple[Column, ...], list[PartFile]]]) -> DeriveOutcome:
        self.made += 1
        inputs = tuple(
            QueryInput(table=table, version=DatasetInput(dataset=table, version=1), columns=columns, parts=tuple(parts))
            for table, (columns, parts) in tables.items()
        )
        spec = DeriveSpec(
            dataset="d",
            query=query,
            inputs=inputs,
            derivation=Derivation.WHOLE,
            target=str(self.folder / f"result{self.made}.parquet"),
            scratch=str(self.folder / f"spill{self.made}"),
            memory_mb=200,
        )
        return derive(spec, lambda share, step: None)

    def rows(self, outcome: DeriveOutcome) -> list[Row]:
        with duckdb.connect(":memory:") as connection:
            return connection.execute(f"FROM '{outcome.path}'").fetchall()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("derived"))


_DAYS = st.sampled_from(["mo", "tu", "we", None])
_TRIPS = st.lists(st.tuples(st.integers(0, 9), _DAYS, st.sampled_from([1.0, 2.5, 4.0, None])), max_size=6)
_WEATHER = st.lists(st.tuples(_DAYS, st.sampled_from([-1.0, 0.5, 3.0])), max_size=4)


@given(query=st.sampled_from(GROWING), first=_TRIPS, second=_TRIPS, weather=_WEATHER)
def test_the_result_of_additional_rows_is_what_a_growing_query_gains(
    lake: Lake, query: str, first: list[Row], second: list[Row], weather: list[Row]
) -> None:
    """Asked of the additional rows alone, it gives just what asking it of all rows gives more than before."""
    assert read_query(query).growing == "trips"
    old, new, sky = lake.part(TRIPS, first), lake.part(TRIPS, second), [lake.part(WEATHER, weather)]
    parts = [lake.rows(lake.ask(query, trips, sky)) for trips in ([old], [new])]
    whole = lake.rows(lake.ask(query, [old, new], sky))
    assert sorted(map(repr, parts[0] + parts[1])) == sorted(map(repr, whole))


@pytest.mark.parametrize("query", WHOLE)
def test_a_query_whose_earlier_rows_may_change_is_asked_of_all_rows(lake: Lake, query: str) -> None:
    assert read_query(query).growing is None
    parts = [lake.part(TRIPS, [(number, "mo", 1.0)]) for number in range(2)]
    sky = [lake.part(WEATHER, [("mo", 1.0)])]
    assert lake.ask(query, parts, sky).sha256 == lake.ask(query, parts, sky).sha256


@pytest.mark.parametrize(("query", "word"), REFUSED)
def test_a_query_that_is_no_select_over_datasets_or_not_repeatable_is_refused(query: str, word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        read_query(query)
    assert caught.value.hint


def test_no_file_is_read_but_the_parts(lake: Lake) -> None:
    secret = lake.folder / "secret.csv"
    secret.write_text("a\n1\n")
    part = lake.part(TRIPS, [(1, "mo", 1.0)])
    with pytest.raises(DataError, match="cannot be answered from trips@1"):
        lake.run(f"SELECT * FROM trips, '{secret}'", {"trips": (TRIPS, [part])})


def test_a_damaged_part_is_named_and_nothing_is_made(lake: Lake) -> None:
    part = lake.part(TRIPS, [(1, "mo", 1.0)])
    path = Path(part.path)
    path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)
    with pytest.raises(IntegrityError):
        lake.ask("FROM trips", [part], [])


def test_a_dataset_is_read_under_the_names_that_sql_can_write() -> None:
    assert newest_of('SELECT * FROM my_data JOIN "my-data@3" USING (id)') == [plain("My-Data")] == ["my_data"]


def test_equal_rows_give_equal_bytes_in_whatever_order_they_are_joined(lake: Lake) -> None:
    query = "SELECT t.id, degrees FROM trips t JOIN weather USING (day)"
    trips = [(number, "mo" if number % 2 else "tu", 1.0) for number in range(400)]
    sky = [("mo", float(number)) for number in range(20)] + [("tu", 1.0)]
    results = {
        lake.ask(query, [lake.part(TRIPS, rows)], [lake.part(WEATHER, sky)]).sha256 for rows in (trips, trips[::-1])
    }
    assert len(results) == 1
