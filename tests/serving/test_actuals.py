from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serving.builders import AT

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.serving.actuals import read_actuals
from shopfloor.serving.records import ActualsResult, ActualsSpec


def contract(target: ColumnType) -> Contract:
    return Contract(name="flights", columns=(Column(name="arrived_late", type=target),))


def taken(folder: Path, data: str, name: str = "truth.csv", **changes: Any) -> tuple[ActualsResult, dict[str, Any]]:
    """Take in a file; the result, and the part as id to actual."""
    path = folder / name
    path.write_text(data)
    return read(folder, path, **changes)


def read(folder: Path, path: Path, **changes: Any) -> tuple[ActualsResult, dict[str, Any]]:
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    fields: dict[str, Any] = {
        "model": "late-arrival",
        "task": Task.BINARY,
        "input_path": str(path),
        "name": path.name,
        "staging": str(staging),
        "id": "flight_id",
        "target": "arrived_late",
        "classes": ("no", "yes"),
        "arrived_at": AT,
        "contract": contract(changes.pop("target_type", ColumnType.TEXT)),
    }
    layout = ["association_id", "actual", "arrived_at", *changes.pop("layout", ())]
    result = read_actuals(ActualsSpec(**{**fields, **changes}), lambda share, stage: None)
    if result.part is None:
        return result, {}
    assert [name for name in os.listdir(staging) if name.startswith(".")] == []
    table = pq.read_table(result.part.path)
    assert table.schema.names == layout
    assert set(table["arrived_at"].to_pylist()) == {AT.replace(tzinfo=None)}
    return result, dict(zip(table["association_id"].to_pylist(), table["actual"].to_pylist(), strict=True))


@pytest.mark.parametrize(
    "header", ["flight_id,arrived_late", "association_id,actual", "flight_id,actual", "association_id,arrived_late"]
)
def test_columns_by_the_definition_or_by_their_general_names(tmp_path: Path, header: str) -> None:
    result, actuals = taken(tmp_path, f"{header},more\na,yes,1\nb,no,2\n")
    assert actuals == {"a": "yes", "b": "no"}
    assert (result.rows, result.ignored, result.foreign) == (2, ("more",), 0)
    assert result.part is not None
    assert result.part.rows == 2


def test_the_last_row_of_an_id_counts_and_unknown_ones_wait(tmp_path: Path) -> None:
    result, actuals = taken(tmp_path, "flight_id,arrived_late\na,yes\nb,\na,no\nc,yes\n")
    assert actuals == {"a": "no", "c": "yes"}
    assert (result.rows, result.empty, result.repeated) == (2, 1, 1)


def test_amounts_are_kept_beside_the_actuals_that_count(tmp_path: Path) -> None:
    data = "flight_id,arrived_late,Refund,more\na,yes,1.5,x\nb,no,,x\na,no,2.5,x\nb,,9,x\n"
    path = tmp_path / "truth.csv"
    path.write_text(data)
    result, _ = read(tmp_path, path, amounts=("refund", "arrived_late", "absent"), layout=("amount_refund",))
    assert result.part is not None
    table = pq.read_table(result.part.path)
    found = zip(table["association_id"].to_pylist(), table["amount_refund"].to_pylist(), strict=True)
    assert dict(found) == {"a": 2.5, "b": None}
    assert result.ignored == ("more",)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["yes", "no", ""]))))
def test_counts_add_up(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    data = "flight_id,arrived_late\n" + "".join(f"{key},{label}\n" for key, label in rows)
    result, actuals = taken(tmp_path_factory.mktemp("t"), data)
    assert result.rows + result.empty + result.repeated == len(rows)
    assert actuals == {key: label for key, label in rows if label}


def test_a_label_reads_as_in_training(tmp_path: Path) -> None:
    data = "flight_id,arrived_late\na,True\nb,0\n"
    _, actuals = taken(tmp_path, data, target_type=ColumnType.BOOLEAN, classes=("false", "true"))
    assert actuals == {"a": "true", "b": "false"}
    changes: dict[str, Any] = {"target_type": ColumnType.INTEGER, "classes": ("0", "1")}
    _, actuals = taken(tmp_path, "flight_id,arrived_late\na,1.0\nb,0\n", **changes)
    assert actuals == {"a": "1", "b": "0"}


def test_whole_ids_of_a_float_column_still_join(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    pd.DataFrame({"flight_id": [17.0, 18.0], "arrived_late": ["yes", "no"]}).to_parquet(path)
    assert read(tmp_path, path)[1] == {"17": "yes", "18": "no"}


def test_numbers_for_regression(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"task": Task.REGRESSION, "classes": (), "target_type": ColumnType.INTEGER}
    lines = '{"flight_id": 1, "actual": 2.5}\n{"flight_id": 2, "actual": 3}\n'
    _, actuals = taken(tmp_path, lines, "t.jsonl", **changes)
    assert actuals == {"1": 2.5, "2": 3.0}
    with pytest.raises(BadFile, match="Line 2, column 'actual': 'late' is not a number"):
        taken(tmp_path, "flight_id,actual\na,late\n", **changes)


def test_a_few_foreign_labels_are_counted_only_foreign_ones_refused(tmp_path: Path) -> None:
    result, actuals = taken(tmp_path, "flight_id,arrived_late\na,yes\nb,cancelled\n")
    assert (result.foreign, actuals["b"]) == (1, "cancelled")
    with pytest.raises(DataError, match="'Y'") as caught:
        taken(tmp_path, "flight_id,arrived_late\na,Y\nb,N\n")
    assert "'no', 'yes'" in caught.value.hint


@pytest.mark.parametrize(("header", "missing"), [("x,arrived_late", "flight_id"), ("flight_id,x", "arrived_late")])
def test_missing_columns_are_named(tmp_path: Path, header: str, missing: str) -> None:
    with pytest.raises(BadFile) as caught:
        taken(tmp_path, f"{header}\na,yes\n")
    assert caught.value.column == missing
    assert f"'{missing}'" in caught.value.hint
    assert "x" in caught.value.hint


def test_a_row_without_an_id_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="Line 3 has no 'flight_id'") as caught:
        taken(tmp_path, "flight_id,arrived_late\na,yes\n,no\n")
    assert caught.value.line == 3


def test_nothing_known_yet_makes_no_part(tmp_path: Path) -> None:
    result, _ = taken(tmp_path, "flight_id,arrived_late\na,\n")
    assert (result.rows, result.empty, result.part) == (0, 1, None)
