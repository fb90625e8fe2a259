"""The association id of a row is one text, whichever way the row comes in."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.test_row_values import COLUMNS, plain, texts
from tests.soak import times

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import Task
from shopfloor.domain.labels import label_of
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.serving.actuals import read_actuals
from shopfloor.serving.association_ids import pinned_column
from shopfloor.serving.inputs import labels
from shopfloor.serving.records import ActualsSpec
from shopfloor.serving.rows import RowError, RowReader

BAD = "refused"
INTEGER = Column(name="x", type=ColumnType.INTEGER)


columns = st.sampled_from(COLUMNS) | st.just(Column(name="x", type=ColumnType.TEXT)) | st.just(INTEGER)


def contract_of(column: Column) -> Contract:
    return Contract(name="d", columns=(column,))


def of_file(folder: Path, name: str, data: bytes, contract: Contract, id: str | None = "x") -> str | None:
    """The only id of an actuals file; None where it is missing."""
    path = folder / name
    path.write_bytes(data)
    spec = ActualsSpec(
        model="m", task=Task.BINARY, input_path=str(path), name=name, staging=str(folder), target="y", id=id,
        arrived_at=datetime(2026, 1, 1, tzinfo=UTC), contract=contract,
    )  # fmt: skip
    try:
        part = read_actuals(spec, lambda share, stage: None).part
    except BadFile as error:
        return None if error.code == "missing_id" else BAD
    assert part is not None
    [found] = pq.read_table(part.path)["association_id"].to_pylist()
    return str(found)


def of_row(value: Any, contract: Contract, field: str = "x", id: str | None = "x") -> str | None:
    pinned = pinned_column(id, contract)
    reader = RowReader((), (), id, labels=() if pinned is None else (pinned,))
    try:
        return reader.read([{field: value}]).rows[0].id
    except RowError:
        return BAD


def as_csv(name: str, text: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([[name, "y"], [text, "yes"]])
    return out.getvalue().encode()


def as_lines(name: str, value: Any) -> bytes:
    return json.dumps({name: value, "y": "yes"}).encode() + b"\n"


@pytest.mark.parametrize("field", ["x", "association_id"])
@settings(max_examples=times(15, 40), deadline=None)
@given(column=columns, text=texts)
def test_a_text_is_the_same_id_in_a_csv_in_json_lines_and_over_rest(
    tmp_path_factory: pytest.TempPathFactory, field: str, column: Column, text: str
) -> None:
    folder, contract = tmp_path_factory.mktemp("t"), contract_of(column)
    row = of_row(text, contract, field)
    assert of_file(folder, "a.jsonl", as_lines(field, text), contract) == row
    assert of_file(folder, "a.csv", as_csv(field, text), contract) == row


@pytest.mark.parametrize("field", ["x", "association_id"])
@settings(max_examples=times(15, 40), deadline=None)
@given(column=columns, value=plain.filter(lambda value: type(value) in {int, float}))
def test_a_number_is_the_same_id_in_json_lines_and_over_rest(
    tmp_path_factory: pytest.TempPathFactory, field: str, column: Column, value: float
) -> None:
    contract = contract_of(column)
    found = of_file(tmp_path_factory.mktemp("t"), "a.jsonl", as_lines(field, value), contract)
    assert found == of_row(value, contract, field)


@pytest.mark.parametrize("value", [1, 1.0, "1", "01", " 1", "+1", "1.0"])
def test_one_number_is_one_id_however_it_is_written(tmp_path: Path, value: Any) -> None:
    contract = contract_of(INTEGER)
    for field in ("x", "association_id"):
        assert of_row(value, contract, field) == "1"
        assert of_file(tmp_path, "a.jsonl", as_lines(field, value), contract) == "1"
        assert of_file(tmp_path, "a.csv", as_csv(field, str(value)), contract) == "1"
        if type(value) is not str:
            pd.DataFrame({field: [value], "y": ["yes"]}).to_parquet(tmp_path / "b.parquet")
            assert of_file(tmp_path, "a.parquet", (tmp_path / "b.parquet").read_bytes(), contract) == "1"


def test_an_id_that_shopfloor_made_up_is_kept_beside_numbers(tmp_path: Path) -> None:
    contract = contract_of(INTEGER)
    assert of_row("01KX-7", contract, "association_id") == "01KX-7"
    assert of_file(tmp_path, "a.csv", as_csv("association_id", "01KX-7"), contract) == "01KX-7"
    assert of_row("01KX-7", contract) == of_file(tmp_path, "a.csv", as_csv("x", "01KX-7"), contract) == BAD


@pytest.mark.parametrize("column", [Column(name="x", type=ColumnType.TEXT), Column(name="other", type=INTEGER.type)])
def test_a_text_stays_what_it_is_where_no_number_is_pinned(tmp_path: Path, column: Column) -> None:
    contract = contract_of(column)
    for text in ("1", "01", "1.0"):
        assert of_row(text, contract) == of_file(tmp_path, "a.csv", as_csv("x", text), contract) == text
    for number in (1, 1.0):
        assert of_row(number, contract) == of_file(tmp_path, "a.jsonl", as_lines("x", number), contract) == "1"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none()))
def test_a_file_writes_numbers_as_rows_do(values: list[float | None]) -> None:
    assert labels(pa.array(values, pa.float64())).to_pylist() == [label_of(value) for value in values]


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_what_is_neither_a_text_nor_a_number_is_no_id(value: Any) -> None:
    assert of_row(value, Contract(name="d")) == BAD
    assert of_row(value, contract_of(INTEGER), "association_id") == BAD


def test_a_segment_key_is_read_as_its_dataset_writes_it() -> None:
    reader = RowReader((), ("x",), None, labels=(INTEGER,))
    assert [row.values for row in reader.read([{"x": value} for value in (1, 1.0, "01")]).rows] == [{"x": "1"}] * 3
    with pytest.raises(RowError, match="field 'x': a text \\(north\\) is not a whole number"):
        reader.read([{"x": "north"}])
