"""The type of a column without any value stays open until the first one; nothing is pinned from no evidence."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.file import FileState
from shopfloor.formats import infer
from shopfloor.formats.stacked import ask_each
from shopfloor.lake.frame import read_parts

EMPTY: dict[str, bytes] = {
    "a.csv": b"id,x\n1,\n2,\n",
    "words.csv": b"id,x\n1,NA\n2,\n",
    "a.jsonl": b'{"id":1,"x":null}\n{"id":2,"x":null}\n',
    "null.parquet": b"",
    "double.parquet": b"",
    "text.parquet": b"",
}
VALUES: dict[ColumnType, tuple[str, Any]] = {
    ColumnType.INTEGER: ("7", 7),
    ColumnType.NUMBER: ("7.5", 7.5),
    ColumnType.TEXT: ("seven", "seven"),
    ColumnType.BOOLEAN: ("true", True),
    ColumnType.DATE: ("2026-02-21", datetime.fromisoformat("2026-02-21")),
    ColumnType.TIMESTAMP: ("2026-02-21T08:30:00", datetime.fromisoformat("2026-02-21T08:30:00")),
}


def _parquet(x: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1, 2]), "x": x}), target)
    return target.getvalue()


EMPTY["null.parquet"] = _parquet(pa.nulls(2))
EMPTY["double.parquet"] = _parquet(pa.array([float("nan"), None]))
EMPTY["text.parquet"] = _parquet(pa.nulls(2, pa.string()))


def _later(kind: ColumnType, form: str) -> tuple[str, bytes]:
    word, value = VALUES[kind]
    if form == "csv":
        return "b.csv", f"id,x\n3,{word}\n4,\n".encode()
    if form == "jsonl":
        plain = word if kind in {ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN} else f'"{word}"'
        return "b.jsonl", f'{{"id":3,"x":{plain}}}\n{{"id":4}}\n'.encode()
    value = date(2026, 2, 21) if kind is ColumnType.DATE else value
    return "b.parquet", _parquet(pa.array([value, None]))


@pytest.mark.parametrize("first", EMPTY)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_the_first_value_decides_the_type(bench: Any, first: str, form: str) -> None:
    for kind, (_, value) in VALUES.items():
        begun = bench.ingest({first: EMPTY[first]})
        assert begun.contract.column("x").type is ColumnType.UNKNOWN
        assert begun.columns[1].type is ColumnType.TEXT  # what reads a version need not know of it
        assert any("no type yet" in notice for notice in begun.notices)
        parts = bench.parts(begun)
        previous = tuple(staged.part for staged in begun.parts)
        name, data = _later(kind, form)
        result = bench.ingest({name: data}, begun.contract, previous=previous, columns=begun.columns)
        assert result.files[0].state is FileState.COMMITTED, result.files[0].reason
        assert result.contract.column("x").type is kind
        assert result.contract_changed
        assert [one.column.name for one in result.retyped] == ["x"]
        assert any("'x'" in notice and "first values" in notice for notice in result.notices)
        frame = read_parts([*parts, *bench.parts(result)], result.columns)
        assert frame["x"].isna().tolist() == [True, True, False, True]
        assert frame["x"].iloc[2] == value


def test_a_file_without_a_value_leaves_the_type_open(bench: Any) -> None:
    begun = bench.ingest({"a.csv": EMPTY["a.csv"]})
    again = bench.ingest({"b.csv": "id,x\n3,\n"}, begun.contract)
    assert again.contract.column("x").type is ColumnType.UNKNOWN
    assert not again.contract_changed


def test_a_column_that_joins_without_a_value_is_open_too(bench: Any) -> None:
    begun = bench.ingest({"a.csv": "id\n1\n"})
    joined = bench.ingest({"b.csv": "id,x\n2,\n"}, begun.contract)
    assert joined.contract.column("x").type is ColumnType.UNKNOWN


@pytest.mark.parametrize("kind", VALUES)
def test_a_typed_file_without_a_value_fits_every_type(bench: Any, kind: ColumnType) -> None:
    contract = Contract(name="d", columns=(Column(name="id", type=ColumnType.INTEGER), Column(name="x", type=kind)))
    for name in ("null.parquet", "double.parquet", "text.parquet"):
        result = bench.ingest({name: EMPTY[name]}, contract)
        assert result.files[0].state is FileState.COMMITTED, (name, result.files[0].reason)
        assert bench.frame(result)["x"].isna().all()


def test_a_text_column_that_never_had_a_value_takes_the_files_type_when_a_person_says_so(bench: Any) -> None:
    columns = (Column(name="id", type=ColumnType.INTEGER), Column(name="x", type=ColumnType.TEXT))
    contract = Contract(name="d", columns=columns)
    begun = bench.ingest({"a.csv": EMPTY["a.csv"]}, contract)
    bench.parts(begun)
    previous = tuple(staged.part for staged in begun.parts)
    result = bench.ingest({"b.csv": "id,x\n3,7.5\n"}, contract, previous=previous, widen=contract)
    assert result.contract.column("x").type is ColumnType.NUMBER
    held = msgspec.structs.replace(contract)
    kept = bench.ingest({"c.csv": "id,x\n3,7.5\n"}, held, previous=previous)
    assert kept.contract.column("x").type is ColumnType.TEXT


def test_the_first_values_may_come_with_a_later_file_of_the_first_delivery(bench: Any) -> None:
    result = bench.ingest({"a.csv": EMPTY["a.csv"], "b.jsonl": '{"id":3,"x":7.5}\n'})
    assert result.contract.column("x").type is ColumnType.NUMBER
    assert sorted(bench.frame(result)["x"].dropna()) == [7.5]


def test_only_types_that_a_column_may_have_are_tested(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test takes a millisecond to plan, which is most of the time that a small file takes."""
    asked: list[str] = []

    def noted(connection: Any, rows: str, columns: Any, items: str, **more: Any) -> Any:
        asked.append(items)
        return ask_each(connection, rows, columns, items, **more)

    monkeypatch.setattr(infer, "ask_each", noted)
    bench.ingest({"a.csv": "id,word\n1,one\n2,two\n"})
    assert "TIMESTAMP" not in asked[0]
    assert "'true'" not in asked[0]
    bench.ingest({"a.csv": "at,word\n2026-01-31 10:00:00,one\n"})
    assert "TIMESTAMP" in asked[-1]
