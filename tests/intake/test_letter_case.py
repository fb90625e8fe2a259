"""A file whose column names differ from the contract's only in case goes into the same columns."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Mode, SchemaPolicy
from shopfloor.domain.errors import ConfigError, IntegrityError
from shopfloor.domain.file import FileState
from shopfloor.intake import parts
from shopfloor.lake.frame import read_parts

KNOWN = Contract(
    name="d",
    columns=(
        Column(name="id", type=ColumnType.INTEGER),
        Column(name="Größe", type=ColumnType.NUMBER),
        Column(name="Note", type=ColumnType.TEXT, optional=True),
    ),
)


def _parquet(columns: dict[str, list[Any]]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


FILES: dict[str, bytes] = {
    "a.csv": "ID,GRÖSSE,note\n5,2.5,lost?\n6,3.5,gone?\n".encode(),
    "a.jsonl": '{"Id":5,"größe":2.5,"note":"lost?"}\n{"note":"gone?","Id":6,"größe":3.5}\n'.encode(),
    "a.json": '[{"Id":5,"größe":2.5,"note":"lost?"},{"note":"gone?","Id":6,"größe":3.5}]'.encode(),
    "a.parquet": _parquet({"iD": [5, 6], "größe": [2.5, 3.5], "NOTE": ["lost?", "gone?"]}),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("policy", list(SchemaPolicy))
def test_values_are_never_lost_to_letter_case(bench: Any, name: str, policy: SchemaPolicy) -> None:
    contract = msgspec.structs.replace(KNOWN, schema_policy=policy)
    result = bench.ingest({name: FILES[name]}, contract)
    assert [column.name for column in result.columns] == ["id", "Größe", "Note"]
    assert result.files[0].state is FileState.COMMITTED, result.files[0].reason
    frame = bench.frame(result)
    assert frame["id"].tolist() == [5, 6]
    assert frame["Größe"].tolist() == [2.5, 3.5]
    assert frame["Note"].tolist() == ["lost?", "gone?"]
    assert any("'Note'" in notice and "without regard to case" in notice for notice in result.files[0].notices)
    assert not result.contract_changed


def test_files_of_one_delivery_in_other_cases_share_the_first_ones_columns(bench: Any) -> None:
    result = bench.ingest({"a.csv": "Id,Note\n1,x\n", "b.csv": "id,note\n2,y\n", "c.jsonl": '{"ID":3,"NOTE":"z"}\n'})
    assert [column.name for column in result.columns] == ["Id", "Note"]
    assert sorted(bench.frame(result)["Note"].tolist()) == ["x", "y", "z"]


@pytest.mark.parametrize(
    "data",
    {
        "a.csv": b"id,Note,note\n1,x,y\n",
        "lines.jsonl": b'{"id":1,"Note":"x"}\n{"id":2,"note":"y"}\n',
        "a.parquet": _parquet({"id": [1], "Note": ["x"], "note": ["y"]}),
    }.items(),
    ids=lambda data: data[0],
)
@pytest.mark.parametrize("known", [None, KNOWN])
def test_two_such_names_in_one_file_are_held(bench: Any, data: tuple[str, bytes], known: Contract | None) -> None:
    (outcome,) = bench.ingest(dict([data]), known).files
    assert outcome.reason is not None
    assert outcome.reason.code == "case_collision"


def test_a_partition_folder_does_not_double_a_column_of_another_case(bench: Any) -> None:
    file = bench.stage("a.csv", "id,Region\n1,north\n", partition=(("region", "south"),))
    result = bench.ingest([file])
    assert [column.name for column in result.columns] == ["id", "Region"]


def test_a_key_in_another_case_is_the_column(bench: Any) -> None:
    contract = Contract(name="d", mode=Mode.UPSERT, key=("CustomerId",), time="SEEN")
    first = bench.ingest({"a.csv": "customerid,seen,v\n1,2026-01-01,a\n2,2026-01-02,b\n"}, contract)
    assert first.contract is not None
    assert (first.contract.key, first.contract.time) == (("customerid",), "seen")
    bench.parts(first)
    previous = tuple(staged.part for staged in first.parts)
    second = bench.ingest({"b.csv": "CUSTOMERID,Seen,V\n2,2026-01-03,c\n"}, first.contract, previous=previous)
    frame = read_parts(bench.parts(second), second.columns).sort_values("customerid")
    assert frame["v"].tolist() == ["a", "c"]


def test_a_contract_that_respells_a_stored_column_is_refused(bench: Any) -> None:
    respelled = msgspec.structs.replace(KNOWN, columns=(Column(name="ID", type=ColumnType.INTEGER), *KNOWN.columns[1:]))
    with pytest.raises(ConfigError, match=r"'ID'.*'id'"):
        bench.ingest({"a.csv": "id,Größe\n1,2.5\n"}, respelled, columns=KNOWN.columns)


def test_a_part_with_a_column_of_another_name_is_never_published(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "part.parquet"
    bench.connection.execute(f"""COPY (SELECT 1 AS id, 2 AS "Note", 3 AS note) TO '{path}'""")  # DuckDB: note_1
    columns = tuple(Column(name=name, type=ColumnType.INTEGER) for name in ("id", "Note", "note"))
    with pytest.raises(IntegrityError, match="'note_1'") as caught:
        parts.describe_part(bench.connection, path, 1, [], Contract(name="d", columns=columns))
    assert caught.value.code == "part_columns"
