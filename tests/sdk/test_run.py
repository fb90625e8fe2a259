"""Runs recorded by a notebook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.sdk.recording import Engine

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import DataError, RefusedError, UnreachableError, UsageError
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetFilesShow
from shopfloor.domain.requests.runs import RunFinish, RunLog, RunModel, RunStart
from shopfloor.domain.run import ArtifactRef, RunRecord, RunState
from shopfloor.sdk.workspace import Workspace

RUN = RunRecord(id="r7", model="churn", state=RunState.RUNNING)
VERSION = ModelVersion(
    model="churn", version=1, run="r7", dataset_version=3, artifact=ArtifactRef(sha256="", bytes=0),
    created_at=datetime(2026, 6, 1, tzinfo=UTC),
)  # fmt: skip
ROWS = pd.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "spend": [3.0, 1.0, 2.0, 5.0]})


@pytest.fixture
def factory(tmp_path: Path) -> Workspace:
    (tmp_path / ".shopfloor" / "staging").mkdir(parents=True)
    return Workspace(engine_of(tmp_path))  # type: ignore[arg-type]


def engine_of(root: Path, **answers: Callable[[Any], Any]) -> Engine:
    files = DatasetFiles(dataset="churn", version=8, columns=(), parts=())
    known: dict[type, Callable[[Any], Any]] = {
        RunStart: lambda request: RUN,
        RunLog: lambda request: RUN,
        RunFinish: lambda request: msgspec.structs.replace(RUN, state=request.state),
        RunModel: lambda request: VERSION,
        DatasetFilesShow: lambda request: files,
    }
    return Engine(root, known | {kind: answers[kind.__name__] for kind in known if kind.__name__ in answers})


def asked(factory: Workspace, kind: type) -> list[Any]:
    return [each for each in factory._client.asked if isinstance(each, kind)]  # type: ignore[attr-defined]


def test_a_run_opens_records_and_closes(factory: Workspace) -> None:
    with factory.run(model="churn", dataset="churn@3", params={"depth": np.int64(4)}) as run:
        assert run.id == "r7"
        run.log_params({"rate": np.float64(0.1), "sizes": np.array([1, 2]), "kind": np.str_("x"), "fn": len})
        run.log_metrics({"roc_auc": np.float32(0.5)})
    start, *logs, finish = factory._client.asked  # type: ignore[attr-defined]
    assert (start.model, start.dataset, start.dataset_version, start.params) == ("churn", "churn", 3, {"depth": 4})
    assert {"python", "platform", "numpy", "scikit-learn"} <= set(start.environment)
    assert logs[0].params == {"rate": 0.1, "sizes": [1, 2], "kind": "x", "fn": "<built-in function len>"}
    assert logs[1].metrics == {"roc_auc": 0.5}
    assert finish == RunFinish(id="r7")
    for request in factory._client.asked:  # type: ignore[attr-defined]
        to_json(request)


def test_a_run_needs_no_model(factory: Workspace) -> None:
    with factory.run() as run:
        run.log_metrics({"r2": 0.5})
    start = asked(factory, RunStart)[0]
    assert (start.model, start.dataset, start.dataset_version) == ("notebook", None, None)


def test_the_newest_version_is_pinned_when_none_is_named(factory: Workspace) -> None:
    with factory.run(model="churn", dataset="churn"):
        pass
    assert asked(factory, RunStart)[0].dataset_version == 8


def test_an_error_in_the_block_is_recorded_and_goes_on(factory: Workspace) -> None:
    with pytest.raises(ValueError, match="no convergence"), factory.run(model="churn"):
        raise ValueError("no convergence")
    assert asked(factory, RunFinish) == [RunFinish(id="r7", state=RunState.FAILED, error="ValueError: no convergence")]


def test_ctrl_c_is_a_cancelled_run(factory: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), factory.run(model="churn"):
        raise KeyboardInterrupt
    assert asked(factory, RunFinish)[0].state is RunState.CANCELLED


def test_the_authors_error_survives_an_engine_that_is_gone(tmp_path: Path) -> None:
    def gone(request: Any) -> Any:
        raise UnreachableError("The engine is not running.")

    factory = Workspace(engine_of(tmp_path, RunFinish=gone))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mine") as caught, factory.run(model="churn"):
        raise ValueError("mine")
    assert any("is not running" in note for note in caught.value.__notes__)


def test_a_refused_param_reaches_the_author_and_fails_the_run(tmp_path: Path) -> None:
    def refuse(request: Any) -> Any:
        raise RefusedError("Param 'depth' is 4 already.")

    factory = Workspace(engine_of(tmp_path, RunLog=refuse))  # type: ignore[arg-type]
    with pytest.raises(RefusedError), factory.run(model="churn") as run:
        run.log_params({"depth": 5})
    assert asked(factory, RunFinish)[0].state is RunState.FAILED


def test_a_run_is_used_in_a_with_statement_and_once(factory: Workspace) -> None:
    run = factory.run(model="churn")
    with pytest.raises(UsageError, match="not open"):
        run.log_metrics({"r2": 1.0})
    with run:
        pass
    with pytest.raises(UsageError, match="already opened"), run:
        pass


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "high", None])
def test_a_metric_is_a_finite_number(factory: Workspace, value: Any) -> None:
    with pytest.raises(UsageError, match="'r2'"), factory.run(model="churn") as run:
        run.log_metrics({"r2": value})


class TestModel:
    def register(self, factory: Workspace, estimator: Any, **options: Any) -> tuple[RunModel, Any]:
        loaded: list[Any] = []

        def look(request: RunModel) -> ModelVersion:
            loaded.append(joblib.load(request.path))
            return VERSION

        factory._client._answers[RunModel] = look  # type: ignore[attr-defined]
        with factory.run(model="churn") as run:
            assert run.log_model(estimator, **options) == VERSION
        return asked(factory, RunModel)[0], loaded[0]

    def test_a_classifier_tells_its_task_features_and_classes(self, factory: Workspace) -> None:
        estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, ["no", "yes", "no", "yes"])
        request, stored = self.register(factory, estimator)
        assert (request.task, request.features, request.classes) == ("binary", ("age", "spend"), ("no", "yes"))
        assert stored.predict(ROWS).tolist() == estimator.predict(ROWS).tolist()
        path = Path(request.path)
        assert path.is_absolute()
        assert path.parent.parent == factory.path / ".shopfloor" / "staging"
        assert path.parent.name.startswith("sdk-")
        assert not path.parent.exists()

    def test_three_classes_and_none(self, factory: Workspace) -> None:
        many, _ = self.register(factory, LogisticRegression().fit(ROWS, ["a", "b", "c", "a"]))
        assert many.task == "multiclass"

    def test_a_regressor_on_arrays_needs_its_features(self, factory: Workspace) -> None:
        estimator = LinearRegression().fit(ROWS.to_numpy(), [1.0, 2.0, 3.0, 4.0])
        with pytest.raises(UsageError, match="does not know its input columns"):
            self.register(factory, estimator)
        request, _ = self.register(factory, estimator, features=["age", "spend"])
        assert (request.task, request.features, request.classes) == ("regression", ("age", "spend"), ())

    def test_what_only_the_notebook_knows_is_refused(self, factory: Workspace) -> None:
        def double(frame: Any) -> Any:
            return frame * 2

        double.__module__ = "__main__"
        estimator = make_pipeline(FunctionTransformer(double), LinearRegression()).fit(ROWS, [1, 2, 3, 4])
        with pytest.raises(DataError, match="defined in this notebook"):
            self.register(factory, estimator)
        nested = ColumnTransformer([("x", FunctionTransformer(double), ["age"])]).fit(ROWS)
        with pytest.raises(DataError, match="double"):
            self.register(factory, nested)

    def test_what_cannot_be_stored_is_refused_and_leaves_nothing(self, factory: Workspace) -> None:
        estimator = FunctionTransformer(lambda frame: frame).fit(ROWS)
        with pytest.raises(DataError, match="cannot be stored"):
            self.register(factory, estimator, features=["age"])
        assert list((factory.path / ".shopfloor" / "staging").iterdir()) == []
