"""Runs of a store as a frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.runs import RunExport
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.engine.api import runs
from shopfloor.engine.services import EngineServices
from shopfloor.sdk.run_frame import read_frame
from shopfloor.store import runs as stored

RUNS: tuple[dict[str, Any], ...] = (
    {"metrics": {"roc_auc": 0.7, "Own": 1.0}, "params": {"depth": 4, "it's": 'a, "b"'}, "name": "first"},
    {"metrics": {"roc_auc": 0.9, "own": 2.0}, "params": {"depth": "deep", "parts": [1, {"a": None}]}},
    {"metrics": {"roc_auc": None}, "state": RunState.FAILED},
)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[EngineServices]:
    works = Works(tmp_path)
    for fields in RUNS:
        run = RunRecord(id="", model="churn", **fields)
        works.store.write(lambda tx, run=run: stored.create(tx, run))
    nothing: Any = None
    yield EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
    works.store.close()


def frame(services: EngineServices, tmp_path: Path, **fields: Any) -> pd.DataFrame:
    answer = runs.export(services, RunExport(output=str(tmp_path / "runs.parquet"), **fields))
    return read_frame(Path(answer.output), answer.columns)


def test_a_frame_has_a_column_a_param_and_metric(services: EngineServices, tmp_path: Path) -> None:
    found = frame(services, tmp_path).set_index("id")
    assert found.index.tolist() == ["r3", "r2", "r1"]
    assert found["metrics.roc_auc"].dropna().to_dict() == {"r2": 0.9, "r1": 0.7}
    assert (found.loc["r1", "metrics.Own"], found.loc["r2", "metrics.own"]) == (1.0, 2.0)
    assert found["params.depth"].dropna().to_dict() == {"r2": "deep", "r1": "4"}
    assert found.loc["r1", "params.it's"] == 'a, "b"'
    assert found.loc["r1", "name"] == "first"
    assert found["state"].tolist() == ["failed", "queued", "queued"]
    assert str(found["created_at"].dtype).startswith("datetime64")


def test_a_frame_is_narrowed_sorted_and_cut_as_a_list_is(services: EngineServices, tmp_path: Path) -> None:
    assert frame(services, tmp_path, query="auc>0.5", sort="auc")["id"].tolist() == ["r1", "r2"]
    assert frame(services, tmp_path, sort="-auc", limit=1)["id"].tolist() == ["r2"]
    empty = frame(services, tmp_path, query="auc>2")
    assert (len(empty), "id" in empty.columns) == (0, True)


def test_a_place_that_is_none_is_refused(services: EngineServices) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        runs.export(services, RunExport(output="runs.parquet"))
