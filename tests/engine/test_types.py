"""A file accepted with its types: the whole dataset stays one table, old versions stay what they were."""

from __future__ import annotations

import io
import random
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tests.engine.harness import Shop
from tests.waiting import until

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.release import Outcome
from shopfloor.domain.requests.alerts import MonitorRun
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetDiff, DatasetRevisions, DatasetVersionShow
from shopfloor.domain.requests.files import FileAccept, FileList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelDefine, ModelShow, ModelVersions
from shopfloor.sdk.workspace import open_workspace

JANUARY, FEBRUARY = datetime(2026, 1, 31), datetime(2026, 2, 1, 8, 30)  # noqa: DTZ001  (as the SDK gives them)
INTEGER, NUMBER, TEXT, TIMESTAMP = ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.TEXT, ColumnType.TIMESTAMP
HUGE = 9007199254740993  # 2^53 + 1: no double holds it

# First file, second file, the type for both, all rows as of then.
CASES: list[tuple[list[str], list[str], ColumnType, list[Any]]] = [
    (["1", "2"], ["3.5"], NUMBER, [1.0, 2.0, 3.5]),
    (["1", "2"], ["3", "abc"], TEXT, ["1", "2", "3", "abc"]),
    ([f"{HUGE}", "2"], ["3.50"], TEXT, [f"{HUGE}", "2", "3.50"]),
    (["1", "2"], [f"{HUGE}", "3.5"], TEXT, ["1", "2", f"{HUGE}", "3.5"]),
    (["1", "2"], ["9223372036854775808"], TEXT, ["1", "2", "9223372036854775808"]),
    (["1.0", "2.5"], ["n.a."], TEXT, ["1.0", "2.5", "n.a."]),
    (["2026-01-31"], ["2026-02-01T08:30:00"], TIMESTAMP, [JANUARY, FEBRUARY]),
    (["2026-01-31"], ["soon"], TEXT, ["2026-01-31", "soon"]),
    (["2026-01-31T08:30:00"], ["soon"], TEXT, ["2026-01-31 08:30:00", "soon"]),
    (["true", "false"], ["maybe"], TEXT, ["true", "false", "maybe"]),
]


def _file(shop: Shop, dataset: str) -> FileRecord:
    return shop.client.ask(FileList(dataset=dataset)).rows[0]


def _version(shop: Shop, ref: str) -> DatasetVersion:
    return shop.client.ask(DatasetVersionShow(ref=ref))


def _csv(values: list[str]) -> str:
    return "x\n" + "".join(f"{value}\n" for value in values)


def _plain(values: pd.Series[Any]) -> list[str]:
    """Days and times alike, however they are given."""
    return [str(value).replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00") for value in values]


def test_a_column_takes_the_type_that_all_rows_fit(shop: Shop) -> None:
    for number, (first, _, _, _) in enumerate(CASES):
        shop.write(f"inbox/c{number}", "one.csv", _csv(first))
    shop.settle()
    for number, (_, second, _, _) in enumerate(CASES):
        shop.write(f"inbox/c{number}", "two.csv", _csv(second))
    shop.settle()
    for number in range(len(CASES)):
        file = _file(shop, f"c{number}")
        assert file.state is FileState.QUARANTINED
        assert file.reason is not None
        assert f"shopfloor file accept --types {file.id}" in file.reason.hint
        shop.client.ask(FileAccept(id=file.id, types=True))
    shop.settle()
    with open_workspace(shop.root) as factory:
        for number, (first, _, kind, expected) in enumerate(CASES):
            name = f"c{number}"
            assert _file(shop, name).state is FileState.COMMITTED, _file(shop, name).reason
            version = _version(shop, name)
            assert [column.type for column in version.columns] == [kind]
            assert any("'x'" in told and kind.value in told and "'two.csv'" in told for told in version.notices)
            now, then = factory.dataset(name), factory.dataset(f"{name}@1")
            assert now.arrow().column("x").to_pylist() == expected
            assert [batch.column("x").to_pylist() for batch in now.batches()] != []
            assert now.frame()["x"].tolist() == now.sql("SELECT x FROM dataset")["x"].tolist()
            assert _plain(factory.sql(f'SELECT x FROM "{name}"')["x"]) == _plain(now.frame()["x"])
            assert _plain(now.frame()["x"]) == _plain(pd.Series(expected, dtype=object))
            assert now.profile().rows == len(expected)
            assert _version(shop, f"{name}@1").columns[0].type is not kind
            assert len(then.frame()) == len(first)
            assert _plain(factory.sql(f'SELECT x FROM "{name}@1"')["x"]) == _plain(then.frame()["x"])


def _table(seed: int, count: int, *, gap: str = "", target: bool = True) -> str:
    """Two numbers that say much about `y`; with `gap` every tenth `x` is that word."""
    chance = random.Random(seed)
    lines = ["id,x,z" + (",y" if target else "")]
    for n in range(count):
        x, z = chance.randint(-20, 20), chance.gauss(0, 1)
        late = x / 8 + z + chance.gauss(0, 0.5) > 0
        shown = gap if gap and n % 10 == 0 else x
        lines.append(f"s{seed}-{n},{shown},{z:.4f}" + (f",{'yes' if late else 'no'}" if target else ""))
    return "\n".join(lines) + "\n"


def test_what_a_served_model_is_sent_never_changes_by_itself(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", _table(1, 900))
    shop.settle()
    training = Training(candidates=("linear",))
    definition = ModelDefinition(name="m", dataset="d", target="y", id="id", positive="yes", training=training)
    shop.client.ask(ModelDefine(definition=definition))
    shop.settle()
    assert shop.client.ask(ModelShow(name="m")).champion == 1
    shop.write("inbox/d", "two.csv", _table(2, 900, gap="n.a."))
    shop.settle()
    shop.client.ask(FileAccept(id=_file(shop, "d").id, types=True))
    shop.settle()
    version = _version(shop, "d")
    assert {column.name: column.type for column in version.columns}["x"] is TEXT
    assert any("Model m still expects 'x' as integer" in notice for notice in version.notices)
    assert [job.error for job in shop.client.ask(JobList(state="failed")).rows] == []
    assert shop.client.ask(ModelShow(name="m")).champion == 1
    newest = shop.client.ask(ModelVersions(name="m")).rows[0]
    assert newest.version == 2
    assert newest.decision is not None
    inputs = next(check for check in newest.decision.checks if check.code == "inputs")
    assert "'x' is text, was integer" in inputs.detail
    assert newest.decision.refreshes == 1  # the recipe reads the new text, too
    assert newest.decision.outcome is not Outcome.PROMOTE
    shop.client.ask(MonitorRun(model="m"))
    shop.settle()
    assert [job.error for job in shop.client.ask(JobList(state="failed")).rows] == []
    shop.write("score/m", "ask.csv", _table(3, 50, target=False))
    shop.settle()
    (scored,) = (shop.root / "outbox" / "m").glob("*.csv")
    assert len(scored.read_text().splitlines()) == 51


def _parquet(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_a_parquet_file_of_another_type_can_be_accepted_and_never_changes_text_by_itself(shop: Shop) -> None:
    shop.write("inbox/a", "one.csv", "k,x\nu,1\nv,2\n")
    shop.write("inbox/b", "one.csv", "k,x\nu,1\nv,x7\n")
    shop.settle()
    shop.write("inbox/a", "two.parquet", _parquet(k=["w", "y"], x=["3", "zwei"]))
    shop.write("inbox/b", "two.parquet", _parquet(k=["w", "y"], x=[3, 4]))
    shop.settle()
    for name, expected in (("a", ["1", "2", "3", "zwei"]), ("b", ["1", "x7", "3", "4"])):
        file = _file(shop, name)
        assert file.reason is not None
        if name == "b":
            assert file.reason.code == "column_retyped"
            shop.client.ask(FileAccept(id=file.id))
            shop.settle()
            assert _file(shop, name).state is FileState.QUARANTINED
        shop.client.ask(FileAccept(id=file.id, types=True))
        shop.settle()
        assert _file(shop, name).state is FileState.COMMITTED
        with open_workspace(shop.root) as factory:
            assert factory.dataset(name).frame()["x"].tolist() == expected


def test_keys_and_unique_values_are_the_same_whatever_type_they_were_stored_with(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="u", mode=Mode.UPSERT, key=("id",)))
    shop.write("inbox/u", "one.csv", "id,x\n1,a\n2,b\n3,c\n")
    shop.write("inbox/q", "one.csv", "id,x\n1,a\n2,b\n")
    shop.settle()
    contract = shop.root / "datasets" / "q.toml"
    contract.write_text(contract.read_text().replace('id = "integer"', 'id = { type = "integer", unique = true }'))
    shop.write("inbox/u", "two.csv", "id,x\n2,B\nX4,d\n")
    shop.write("inbox/q", "two.csv", "id,x\nX3,c\n")
    shop.settle()
    for name in ("u", "q"):
        shop.client.ask(FileAccept(id=_file(shop, name).id, types=True))
    shop.settle()
    with open_workspace(shop.root) as factory:
        rows = factory.dataset("u").frame().sort_values("id")
        assert rows.values.tolist() == [["1", "a"], ["2", "B"], ["3", "c"], ["X4", "d"]]
        assert factory.sql("SELECT id, x FROM u ORDER BY id").values.tolist() == rows.values.tolist()
    shop.write("inbox/u", "three.csv", "id,x\n1,A\n")
    shop.write("inbox/q", "three.csv", "id,x\n2,again\n")
    shop.settle()
    held = _file(shop, "q")
    assert held.reason is not None
    assert "'2'" in held.reason.message
    with open_workspace(shop.root) as factory:
        assert sorted(factory.dataset("u").frame()["x"]) == ["A", "B", "c", "d"]
    changed = shop.client.ask(DatasetDiff(left="u@1", right="u", rows=True))
    assert changed.retyped_columns == ("id",)
    assert changed.row_diff is not None
    assert (changed.row_diff.added, changed.row_diff.removed, changed.row_diff.changed) == (1, 0, 2)


def test_what_the_contract_says_of_a_column_is_not_thrown_away_with_its_type(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", "at,x\n2026-01-01,1\n2026-01-02,2\n")
    shop.settle()
    shop.client.ask(DatasetDefine(name="d", time="at"))
    contract = shop.root / "datasets" / "d.toml"
    contract.write_text(contract.read_text().replace('x = "integer"', 'x = { type = "integer", min = 0 } # mine'))
    shop.write("inbox/d", "two.csv", "at,x\n2026-01-03,many\n")
    shop.write("inbox/d", "three.csv", "at,x\nsoon,3\n")
    shop.write("inbox/d", "four.csv", "at,x\n2026-01-03,3.5\n")
    shop.settle()
    files = {file.path: file for file in shop.client.ask(FileList(dataset="d")).rows}
    for file in files.values():
        if file.state is FileState.QUARANTINED:
            shop.client.ask(FileAccept(id=file.id, types=True))
    shop.settle()
    files = {file.path: file for file in shop.client.ask(FileList(dataset="d")).rows}
    for name, why in (("two", "rule `min` or `max`"), ("three", "orders the dataset's rows")):
        reason = files[f"inbox/d/{name}.csv"].reason
        assert reason is not None
        assert reason.code == "type_blocked"
        assert why in reason.message
    assert files["inbox/d/four.csv"].state is FileState.COMMITTED
    assert 'x = { type = "number", min = 0 } # mine' in contract.read_text()
    revision = shop.client.ask(DatasetRevisions(name="d")).rows[0]
    assert revision.cause == "accepted"
    assert "x.type: integer -> number" in revision.changes


def _waits(shop: Shop) -> str:
    file = _file(shop, "d")
    return file.reason.message if file.state is FileState.WAITING and file.reason is not None else ""


def test_a_type_by_hand_that_older_rows_do_not_fit_makes_files_wait(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", f"x,y\n{HUGE},a\n1,7\n")
    shop.settle()
    contract = shop.root / "datasets" / "d.toml"
    text = contract.read_text()
    contract.write_text(text.replace('x = "integer"', 'x = "number"'))
    shop.write("inbox/d", "two.csv", "x,y\n2,8\n")
    until(lambda: "'x', but 1 value of earlier files does not fit" in _waits(shop))
    contract.write_text(text.replace('y = "text"', 'y = "integer"'))
    until(lambda: "'y', but 1 value of earlier files does not fit" in _waits(shop))
    contract.write_text(text)
    shop.settle()
    assert _file(shop, "d").state is FileState.COMMITTED
    assert _version(shop, "d").rows == 3


def test_the_time_column_of_a_model_never_becomes_text(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", "at,x,y\n" + "".join(f"{1764547200 + n},{n % 7},{n % 2}\n" for n in range(60)))
    shop.settle()
    definition = ModelDefinition(
        name="m", dataset="d", target="y", time="at", training=Training(candidates=("linear",))
    )
    shop.client.ask(ModelDefine(definition=definition))
    shop.write("inbox/d", "two.csv", "at,x,y\nyesterday,3,1\n")
    shop.settle()
    shop.client.ask(FileAccept(id=_file(shop, "d").id, types=True))
    shop.settle()
    held = _file(shop, "d")
    assert held.reason is not None
    assert (held.state, held.reason.code) == (FileState.QUARANTINED, "time_blocked")
    assert "model m orders its rows by it" in held.reason.message


def test_text_of_earlier_files_is_read_by_the_format_that_somebody_pinned(shop: Shop) -> None:
    shop.write("inbox/d", "one.csv", _csv(["31-OCT-25", "1-NOV-25"]))
    shop.settle()
    assert _version(shop, "d").columns[0].type is TEXT
    contract = shop.root / "datasets" / "d.toml"
    contract.write_text(contract.read_text().replace('x = "text"', 'x = { type = "date", format = "%d-%b-%y" }'))
    shop.write("inbox/d", "two.csv", _csv(["2025-12-15"]))
    shop.settle()
    version = _version(shop, "d")
    assert (version.version, version.rows, version.columns[0].type) == (2, 3, ColumnType.DATE)
    assert "Text of earlier files is read again: 'x' as date as %d-%b-%y." in version.notices
    with open_workspace(shop.root) as factory:
        days = factory.dataset("d").frame()["x"].tolist()
        assert [str(day)[:10] for day in days] == ["2025-10-31", "2025-11-01", "2025-12-15"]
        assert factory.dataset("d@1").frame()["x"].tolist() == ["31-OCT-25", "1-NOV-25"]
