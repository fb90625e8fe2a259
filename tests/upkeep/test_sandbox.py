"""SQL by people: what it can ask, and everything that it cannot do (faults.md S7)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.upkeep.works import COLUMNS, Works

from shopfloor.domain.codec import from_json, to_json
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import RefusedError, ShopfloorError, UsageError
from shopfloor.domain.job import JobKind
from shopfloor.domain.requests.workspace import QueryTable
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.duck.sql import connect
from shopfloor.store import jobs, trust
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.answering import answer, plain
from shopfloor.upkeep.query import run_query
from shopfloor.upkeep.question import Question, SqlLimits
from shopfloor.upkeep.snapshot import snapshots

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - as Parquet stores it
Ask = Callable[..., QueryTable]


def fill(works: Works) -> Works:
    first = works.flights("Oslo", "Rome")
    second = works.part(pa.table({"id": [2.5], "city": ["Bern"], "delay": [7]}))
    works.commit("flights", [first])
    grown = [Column(name="id", type=ColumnType.NUMBER), COLUMNS[1], Column(name="delay", type=ColumnType.INTEGER)]
    works.commit("flights", [first, second], grown)
    works.commit("night-trains", [works.flights("Graz")])
    works.release("late")
    works.log("late", "predictions", pa.table({"association_id": ["x"], "prediction": ["yes"], "input_a": [1.5]}))
    works.log("late", "predictions", pa.table({"association_id": ["y"], "prediction": [0.5], "input_b": ["B"]}), 2)
    works.log("late", "actuals", pa.table({"association_id": ["x"], "actual": ["no"], "arrived_at": [DAY]}), None)
    works.log(
        "late",
        "actuals",
        pa.table({"association_id": ["x"], "actual": ["yes"], "arrived_at": [DAY + timedelta(1)]}),
        None,
    )
    broken(works)
    return works


def broken(works: Works) -> None:
    """A delivery on which nobody relies says otherwise."""

    def put(transaction: Transaction) -> str:
        trust.put(
            transaction,
            DeliveryTrust(dataset="flights", version=2, trust=Trust.BROKEN, decided_at=transaction.now),
        )
        payload = {"dataset": "flights", "dataset_version": 2}
        return jobs.enqueue(transaction, JobKind.MONITOR, "late", payload=payload, trigger="flights@2").id

    assert works.store.write(put) == "j1", "the origin of all parts here"
    told = pa.table({"association_id": ["x"], "actual": ["no"], "arrived_at": [DAY + timedelta(2)]})
    works.log("late", "actuals", told, None, source="delivery")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    made = fill(Works(tmp_path_factory.mktemp("works")))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def ask(filled: Works) -> Iterator[Ask]:
    """The child's work done in this process: the same code without the cost of a process."""
    with snapshots(filled.store, filled.layout, filled.clock).lease() as snapshot:

        def put(statement: str, limit: int = 100, **limits: Any) -> QueryTable:
            scratch = snapshot.folder / "scratch"
            scratch.mkdir(exist_ok=True)
            question = Question(
                statement=statement,
                limit=limit,
                database=str(snapshot.database),
                workspace=str(filled.layout.root),
                scratch=str(scratch),
                limits=SqlLimits(**{"memory_mb": 128, "scratch_mb": 64, **limits}),
            )
            return from_json(to_json(answer(question)), QueryTable)

        yield put


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT count(*), sum(id), sum(delay) FROM flights", [(3, 3.5, 7)]),
        ("SELECT city FROM flights ORDER BY id", [("Oslo",), ("Rome",), ("Bern",)]),
        ("SELECT version, rows FROM dataset_versions WHERE dataset = 'flights' ORDER BY 1", [(1, 2), (2, 3)]),
        ('SELECT city FROM "night-trains"', [("Graz",)]),
        ("SELECT city FROM night_trains", [("Graz",)]),
        ("SELECT city FROM data.NIGHT_TRAINS", [("Graz",)]),
        ("FROM metadata.datasets SELECT name ORDER BY name", [("flights",), ("night-trains",)]),
        ("SELECT association_id, prediction FROM predictions_late ORDER BY 1", [("x", "yes"), ("y", "0.5")]),
        ("SELECT input_a, input_b FROM predictions_late ORDER BY association_id", [(1.5, None), (None, "B")]),
        ("SELECT actual FROM actuals_late", [("yes",)]),
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x UNION ALL SELECT 2", [(1,), (2,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("-- a note\nSELECT 1;", [(1,)]),
        ("SELECT 1 AS a, 2 AS a", [(1, 2)]),
    ],
)
def test_what_can_be_asked(ask: Ask, statement: str, rows: list[tuple[Any, ...]]) -> None:
    assert list(ask(statement).rows) == rows


def test_tables_can_be_listed_and_described(ask: Ask) -> None:
    names = {row[0] for row in ask("SHOW TABLES").rows}
    assert {"files", "flights", "night-trains", "night_trains", "predictions_late", "actuals_late"} <= names
    assert not any("arrow" in name for name in names)
    assert [row[0] for row in ask("DESCRIBE flights").rows] == ["id", "city", "delay"]
    assert ask("SUMMARIZE flights").rows[0][0] == "id"


def test_columns_and_truncation(ask: Ask) -> None:
    table = ask("SELECT range AS n FROM range(1000000000000)", limit=3)
    assert table == QueryTable(columns=("n",), rows=((0,), (1,), (2,)), truncated=True)
    assert not ask("SELECT * FROM range(3)", limit=3).truncated


def test_answers_are_bounded_in_bytes(ask: Ask) -> None:
    table = ask("SELECT repeat('x', 400000) FROM range(100)", answer_mb=1)
    assert table.truncated
    assert len(table.rows) == 2


def test_values_survive_as_json(ask: Ask) -> None:
    table = ask(
        "SELECT TIMESTAMP '2026-01-01 10:00' AS t, TIMESTAMPTZ '2026-01-01 10:00+02' AS z, DATE '2026-01-01' AS d, "
        "1.50::DECIMAL(9, 2) AS m, sum(5::BIGINT) AS s, (2::HUGEINT ** 70)::HUGEINT AS h, 'nan'::DOUBLE AS n, "
        "[1, 2] AS l, {'a': 1} AS o, MAP {'k': 2} AS p, 'xy'::BLOB AS b, INTERVAL 3 DAY AS i, NULL AS u, "
        "TIMESTAMP_NS '2026-01-01 10:00:00.123456789' AS ns, TIMESTAMP 'infinity' AS f"
    )
    values = dict(zip(table.columns, table.rows[0], strict=True))
    assert (values["t"], values["z"], values["d"]) == ("2026-01-01T10:00:00Z", "2026-01-01T08:00:00Z", "2026-01-01")
    assert (values["m"], values["s"], values["n"], values["u"]) == (1.5, 5, None, None)
    assert values["h"] == str(2**70)
    assert (values["l"], values["o"], values["p"], values["b"]) == ([1, 2], {"a": 1}, [["k", 2]], "7879")
    assert values["ns"] == "2026-01-01T10:00:00.123456Z"
    assert isinstance(values["f"], str)
    assert values["i"] == "P0M3DT0S"


SECRET = "/etc/passwd"
REFUSED = [
    f"SELECT * FROM read_csv('{SECRET}')",
    f"SELECT * FROM read_text('{SECRET}')",
    f"SELECT * FROM read_blob('{SECRET}')",
    f"SELECT * FROM sniff_csv('{SECRET}')",
    "SELECT * FROM '/etc/x.csv'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_parquet('PART')",
    "SELECT * FROM parquet_metadata('PART')",
    "SELECT * FROM read_parquet('ROOT/staging/../objects/parts/*/*.parquet')",
    "SELECT * FROM read_text('LINK')",
    "SELECT * FROM read_json('https://example.org/x.json')",
    "SELECT * FROM read_parquet('s3://bucket/x')",
    "COPY (SELECT 1) TO 'OUT'",
    "COPY flights TO 'OUT'",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "WITH x AS (COPY (SELECT 1) TO 'OUT' (USE_TMP_FILE false)) SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO 'PART' (USE_TMP_FILE false)) SELECT * FROM x",
    "WITH x AS (INSERT INTO files VALUES (1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM files RETURNING *) SELECT * FROM x",
    "WITH x AS (UPDATE files SET rows = 1 RETURNING *) SELECT * FROM x",
    "SELECT (WITH x AS (DELETE FROM files RETURNING 1) SELECT * FROM x)",
    "EXPORT DATABASE 'OUT'",
    "IMPORT DATABASE 'OUT'",
    "ATTACH 'OUT' AS other",
    "DETACH metadata",
    "USE metadata",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '10GB'",
    "RESET memory_limit",
    "PRAGMA memory_limit='10GB'",
    "SET enable_external_access = true",
    "DROP TABLE files",
    "DELETE FROM files",
    "INSERT INTO counters VALUES ('x', 1)",
    "UPDATE files SET rows = 1",
    "CREATE TABLE t (i INTEGER)",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE MACRO m(a) AS a",
    "ALTER TABLE files ADD COLUMN x INTEGER",
    "TRUNCATE files",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "CALL pragma_version()",
    "EXPLAIN SELECT 1",
    "PREPARE p AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE files",
    "PIVOT files ON id USING count(*)",
    "SELECT * FROM read_duckdb('OTHER')",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_what_is_refused(filled: Works, ask: Ask, tmp_path: Path, statement: str) -> None:
    part = next(filled.layout.objects.glob("parts/*/*.parquet"))
    before = part.read_bytes()
    (tmp_path / "link").symlink_to(SECRET)
    other = tmp_path / "other.duckdb"
    other.write_bytes(b"")
    for word, path in {
        "PART": part, "OUT": tmp_path / "out", "ROOT": filled.layout.private, "LINK": tmp_path / "link", "OTHER": other,
    }.items():  # fmt: skip
        statement = statement.replace(word, str(path))
    with pytest.raises(RefusedError) as caught:
        ask(statement)
    assert caught.value.hint
    assert part.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_what_passes_the_parser_still_reaches_no_file(filled: Works, ask: Ask) -> None:
    part = next(filled.layout.objects.glob("parts/*/*.parquet"))
    before = part.read_bytes()
    attack = f"WITH x AS (COPY (SELECT 1) TO ''{part}'' (USE_TMP_FILE false)) SELECT * FROM x"
    with pytest.raises(ShopfloorError):
        ask(f"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('{attack}'))")
    assert part.read_bytes() == before
    count = ask("SELECT count(*) FROM counters").rows
    attack = "WITH x AS (DELETE FROM metadata.main.counters RETURNING *) SELECT * FROM x"
    with pytest.raises(ShopfloorError):
        ask(f"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('{attack}'))")
    assert ask("SELECT count(*) FROM counters").rows == count
    assert ask("SELECT * FROM duckdb_secrets()").rows == ()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELEC 1", "syntax error"),
        ("", "no statement"),
        ("-- nothing", "no statement"),
        ("SELECT * FROM flihgts", "flihgts"),
        ("SELECT citty FROM flights", "citty"),
        ("SELECT 'x'::INTEGER", "Could not convert"),
        ("SELECT ?", "parameters"),
        ("SELECT * FROM sqlite_scan('a', 'b')", "sqlite_scan"),
    ],
)
def test_mistakes_are_explained(ask: Ask, statement: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(statement)
    assert words in caught.value.message
    assert caught.value.hint


def test_a_misspelt_name_gets_the_nearest(ask: Ask) -> None:
    with pytest.raises(UsageError) as caught:
        ask("SELECT * FROM predictions_lat")
    assert "predictions_late" in caught.value.hint


def test_memory_is_limited(ask: Ask) -> None:
    with pytest.raises(RefusedError) as caught:
        ask("SELECT list(i) FROM range(1000000000) t(i)", memory_mb=64, scratch_mb=8)
    assert caught.value.code == "query_memory"


def test_address_space_is_limited_by_the_kernel(filled: Works) -> None:
    with pytest.raises(RefusedError) as caught:
        run_query(filled.context, "SELECT length(repeat('x', 4200000000))", 10, limits=SqlLimits(memory_mb=64))
    assert caught.value.code == "query_memory"


def test_every_database_that_answers_questions_has_the_same_fence(ask: Ask, tmp_path: Path) -> None:
    names = (
        "TimeZone", "python_enable_replacements", "lock_configuration", "allow_community_extensions",
        "autoinstall_known_extensions", "autoload_known_extensions", "allow_persistent_secrets",
    )  # fmt: skip
    statement = f"SELECT name, value FROM duckdb_settings() WHERE name IN {names} ORDER BY name"
    asked = ask(statement).rows
    with closing(connect(temp=tmp_path)) as connection:
        assert tuple(connection.execute(statement).fetchall()) == asked
    assert len(asked) == len(names)


def test_a_missing_part_spoils_only_its_dataset(works: Works) -> None:
    part = works.flights("Oslo")
    works.commit("flights", [part])
    works.commit("trains", [works.flights("Graz")])
    works.part_file(part).unlink()
    with pytest.raises(ShopfloorError) as caught:
        run_query(works.context, "SELECT * FROM flights", 10)
    assert "doctor" in caught.value.hint
    assert run_query(works.context, "SELECT city FROM trains", 10).rows == (("Graz",),)


def test_an_empty_model_and_an_empty_dataset(works: Works) -> None:
    works.release("late")
    works.commit("flights", [])
    table = run_query(
        works.context, "SELECT (SELECT count(*) FROM predictions_late), (SELECT count(city) FROM flights)", 10
    )
    assert table.rows == ((0, 0),)


def test_the_child_is_stopped_after_its_time(filled: Works) -> None:
    with pytest.raises(RefusedError) as caught:
        run_query(
            filled.context,
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1",
            10,
            limits=SqlLimits(seconds=2.0),
        )
    assert caught.value.code == "query_timeout"
    assert not list(filled.layout.staging.glob("sql-*/scratch-*"))


def test_the_child_knows_nothing_of_the_engine(filled: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_CANARY", "secret")
    seen: dict[str, Any] = {}

    def spawn(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        seen.update(options, command=command)
        return subprocess.Popen(command, **options)

    table = run_query(filled.context, "SELECT 42 AS answer", 10, spawn=spawn)
    assert table == QueryTable(columns=("answer",), rows=((42,),))
    assert "secret" not in json.dumps(seen["env"])
    assert "42" not in " ".join(seen["command"])
    assert os.path.commonpath([seen["cwd"], filled.layout.staging]) == str(filled.layout.staging)


def test_a_child_that_dies_is_reported(filled: Works) -> None:
    def spawn(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["/bin/sh", "-c", "kill -SEGV $$"], **options)

    with pytest.raises(ShopfloorError) as caught:
        run_query(filled.context, "SELECT 1", 10, spawn=spawn)
    assert "signal 11" in caught.value.message


@pytest.mark.parametrize("limit", [0, -1, 10**9])
def test_limits_of_rows(filled: Works, limit: int) -> None:
    with pytest.raises(UsageError):
        run_query(filled.context, "SELECT 1", limit)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.decimals()
        | st.binary()
        | st.datetimes()
        | st.datetimes(timezones=st.just(UTC))
        | st.timedeltas(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    )
)
def test_every_value_becomes_json(value: Any) -> None:
    there = json.loads(to_json(plain(value)))
    assert plain(there) == there
