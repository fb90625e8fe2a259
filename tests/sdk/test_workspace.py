"""The workspace, its models, and what importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.cli import samples
from tests.sdk.recording import Engine

import shopfloor
from shopfloor.domain.errors import DataError, NotFoundError
from shopfloor.domain.page import Page
from shopfloor.domain.requests.models import ModelList, ModelShow, ModelTrain, ModelVersions, Predict, PredictReport
from shopfloor.domain.requests.runs import RunList
from shopfloor.domain.requests.workspace import QueryTable, SqlQuery
from shopfloor.sdk.workspace import Workspace

APP = Path(__file__).parents[2] / "app"


def score(request: Predict) -> PredictReport:
    rows = pd.read_parquet(request.path)
    answer = pd.DataFrame({"association_id": rows["id"].astype(str), "prediction": rows["age"] > 30})
    answer.to_parquet(request.output, index=False)
    return PredictReport(model="churn", model_version=2, rows=len(rows), output=request.output, ignored_columns=("x",))


@pytest.fixture
def factory(tmp_path: Path) -> Workspace:
    (tmp_path / ".shopfloor" / "staging").mkdir(parents=True)
    engine = Engine(
        tmp_path,
        {
            ModelShow: lambda request: samples.MODEL,
            ModelList: lambda request: Page(rows=(samples.MODEL,), total=1),
            ModelVersions: lambda request: Page(rows=(samples.MODEL_VERSION,), total=1),
            ModelTrain: lambda request: samples.JOB,
            RunList: lambda request: Page(rows=(samples.RUN,), total=1),
            SqlQuery: lambda request: QueryTable(columns=("a", "b"), rows=((1, "x"), (2, None)), truncated=True),
            Predict: score,
        },
    )
    return Workspace(engine)  # type: ignore[arg-type]


def test_predictions_keep_the_index_and_leave_no_file(factory: Workspace) -> None:
    rows = pd.DataFrame({"id": [7, 8], "age": [20, 40]}, index=["ann", "bob"])
    found = factory.model("churn").predict(rows)
    assert found.loc["bob", "prediction"]
    assert not found.loc["ann", "prediction"]
    assert found["association_id"].tolist() == ["7", "8"]
    assert found.attrs["ignored_columns"] == ["x"]
    assert list((factory.path / ".shopfloor" / "staging").iterdir()) == []


def test_rows_that_are_no_table_are_refused(factory: Workspace) -> None:
    mixed: Any = pd.DataFrame({"a": [1, "x", [3]]}, dtype=object)
    with pytest.raises(DataError, match="cannot be written as a table"):
        factory.model("churn").predict(mixed)
    assert list((factory.path / ".shopfloor" / "staging").iterdir()) == []


def test_lists_are_records(factory: Workspace) -> None:
    assert factory.models() == [samples.MODEL]
    assert factory.runs("late-arrival", limit=5) == [samples.RUN]
    assert factory._client.asked[-1] == RunList(model="late-arrival", limit=5)  # type: ignore[attr-defined]
    model = factory.model("late-arrival")
    assert model.show() == samples.MODEL
    assert model.versions() == [samples.MODEL_VERSION]
    assert model.train("new features") == samples.JOB


def test_sql_is_a_frame_that_says_when_it_is_cut(factory: Workspace) -> None:
    frame = factory.sql("SELECT 1", limit=2)
    assert frame.columns.tolist() == ["a", "b"]
    assert frame["a"].tolist() == [1, 2]
    assert frame.attrs["truncated"] is True


def test_open_finds_the_workspace_upward_and_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines: list[Engine] = []

    def connect(root: Path, *, start: bool = True) -> Engine:
        engines.append(Engine(root, {}))
        return engines[-1]

    monkeypatch.setattr("shopfloor.sdk.workspace.connect", connect)
    (tmp_path / "ws" / "notebooks").mkdir(parents=True)
    (tmp_path / "ws" / "workspace.toml").touch()
    with shopfloor.open(tmp_path / "ws" / "notebooks") as factory:
        assert isinstance(factory, shopfloor.Workspace)
        assert factory.path == tmp_path / "ws"
        assert repr(factory) == f"Workspace({str(tmp_path / 'ws')!r})"
    assert engines[0].closed
    monkeypatch.chdir(tmp_path / "ws")
    assert shopfloor.open().path == tmp_path / "ws"
    with pytest.raises(NotFoundError):
        shopfloor.open(tmp_path)


def test_importing_is_light() -> None:
    code = (
        "import sys, shopfloor; before = 'shopfloor.sdk' in sys.modules; shopfloor.open; shopfloor.Workspace;"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'sklearn', 'joblib', 'duckdb', 'textual'} & set(sys.modules);"
        "print(before, sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(APP)}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "False []\n"
