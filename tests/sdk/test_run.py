"""Runs recorded by a notebook."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
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
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.sdk.recording import Engine
from tests.shell import APP

from shopfloor.domain.errors import DataError, RefusedError, StoreError, UsageError
from shopfloor.domain.recording import LoggedMetric, RunEnding, RunEntry
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetFilesShow
from shopfloor.domain.requests.runs import RunModel, RunShow
from shopfloor.domain.run import ArtifactRef, NonFinite, RunRecord, RunState
from shopfloor.sdk.workspace import Workspace
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.process import own_identity
from shopfloor.workspace.segment_reader import read_lines, segments

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
        RunShow: lambda request: RUN,
        RunModel: lambda request: VERSION,
        DatasetFilesShow: lambda request: files,
    }
    return Engine(root, known | {kind: answers[kind.__name__] for kind in known if kind.__name__ in answers})


def asked(factory: Workspace, kind: type) -> list[Any]:
    return [each for each in factory._client.asked if isinstance(each, kind)]  # type: ignore[attr-defined]


def logged(factory: Workspace) -> list[list[RunEntry]]:
    """What is in the log, file by file."""
    files = segments(Layout(factory.path).recordings)
    return [[msgspec.json.decode(one, type=RunEntry) for one in read_lines(path, 0).documents] for path in files]


def the_log(factory: Workspace) -> list[RunEntry]:
    (entries,) = logged(factory)
    return entries


def test_a_run_opens_records_and_closes_without_an_engine(factory: Workspace) -> None:
    with factory.run(model="churn", dataset="churn@3", name="try", params={"depth": np.int64(4)}) as run:
        run.log_params({"rate": np.float64(0.1), "sizes": np.array([1, 2]), "kind": np.str_("x"), "fn": len})
        run.log_param("more", True)
        run.log_metrics({"roc_auc": np.float32(0.5)})
        run.log_metric("loss", 2, step=7)
    opening, settings, more, score, loss, end = the_log(factory)
    start = opening.opening
    assert start is not None
    assert (start.model, start.dataset, start.dataset_version, start.name) == ("churn", "churn", 3, "try")
    assert opening.params == {"depth": 4}
    assert {"python", "platform", "numpy", "scikit-learn"} <= set(start.environment)
    assert start.process == own_identity()
    assert settings.params == {"rate": 0.1, "sizes": [1, 2], "kind": "x", "fn": "<built-in function len>"}
    assert more.params == {"more": True}
    assert (score.metrics, loss.metrics) == ((LoggedMetric("roc_auc", 0.5),), (LoggedMetric("loss", 2.0, 7),))
    assert end.ending == RunEnding()
    assert len({entry.key for entry in the_log(factory)}) == 1
    assert factory._client.asked == []  # type: ignore[attr-defined]


def test_the_log_is_private(factory: Workspace) -> None:
    with factory.run():
        (path,) = segments(Layout(factory.path).recordings)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_run_needs_no_model(factory: Workspace) -> None:
    with factory.run() as run:
        run.log_metrics({"r2": 0.5})
    start = the_log(factory)[0].opening
    assert start is not None
    assert (start.model, start.dataset, start.dataset_version) == ("notebook", None, None)


def test_the_engine_gives_the_id(factory: Workspace) -> None:
    with factory.run() as run:
        assert (run.id, run.id) == ("r7", "r7")
    assert asked(factory, RunShow) == [RunShow(id=the_log(factory)[0].key)]


def test_the_newest_version_is_pinned_when_none_is_named(factory: Workspace) -> None:
    with factory.run(model="churn", dataset="churn"):
        pass
    start = the_log(factory)[0].opening
    assert start is not None
    assert start.dataset_version == 8


def test_an_error_in_the_block_is_recorded_and_goes_on(factory: Workspace) -> None:
    with pytest.raises(ValueError, match="no convergence"), factory.run(model="churn"):
        raise ValueError("no convergence")
    assert the_log(factory)[-1].ending == RunEnding(state=RunState.FAILED, error="ValueError: no convergence")


def test_ctrl_c_is_a_cancelled_run(factory: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), factory.run(model="churn"):
        raise KeyboardInterrupt
    ending = the_log(factory)[-1].ending
    assert ending is not None
    assert ending.state is RunState.CANCELLED


def test_the_authors_error_survives_a_disk_that_is_full(factory: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(ValueError, match="mine") as caught, factory.run(model="churn"):
        raise ValueError("mine")
    assert any("No space left" in note for note in caught.value.__notes__)
    with pytest.raises(StoreError, match="run log cannot be written"), factory.run():
        pass


def test_a_param_once_set_stays(factory: Workspace) -> None:
    with factory.run(params={"depth": 4}) as run:
        run.log_params({"depth": 4})
        with pytest.raises(RefusedError, match="'depth' is 4 already"):
            run.log_params({"depth": 5, "more": 1})
        run.log_params({"more": 2})
    assert [entry.params for entry in the_log(factory)] == [{"depth": 4}, {"depth": 4}, {"more": 2}, {}]


def test_a_run_is_used_in_a_with_statement_and_once(factory: Workspace) -> None:
    run = factory.run(model="churn")
    with pytest.raises(UsageError, match="not open"):
        run.log_metrics({"r2": 1.0})
    with run:
        pass
    with pytest.raises(UsageError, match="already opened"), run:
        pass
    with pytest.raises(RefusedError, match="has ended"):
        run.log_metrics({"r2": 1.0})


def test_what_is_no_finite_number_is_recorded_as_such(factory: Workspace) -> None:
    with factory.run() as run:
        run.log_metrics({"a": math.nan, "b": math.inf, "c": np.float64("-inf")})
    assert [metric.value for metric in the_log(factory)[1].metrics] == list(NonFinite)


@pytest.mark.parametrize("value", ["high", None])
def test_a_metric_is_a_number(factory: Workspace, value: Any) -> None:
    with pytest.raises(UsageError, match="'r2'"), factory.run(model="churn") as run:
        run.log_metrics({"r2": value})


def test_a_child_names_its_parent(factory: Workspace) -> None:
    with factory.run(model="churn") as run, run.child(name="fold", params={"fold": 1}):
        pass
    outer, inner, *ends = the_log(factory)
    assert inner.opening is not None
    assert (inner.opening.model, inner.opening.name, inner.opening.parent) == ("churn", "fold", outer.key)
    assert [end.key for end in ends] == [inner.key, outer.key]


def test_threads_share_a_run(factory: Workspace) -> None:
    def log(number: int) -> None:
        for step in range(50):
            run.log_metric(f"m{number}", step, step=step)

    with factory.run() as run:
        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(the_log(factory)) == 2 + 4 * 50


class TestAutolog:
    def test_each_fit_is_a_nested_run(self, factory: Workspace) -> None:
        before = vars(LogisticRegression)["fit"]
        with factory.run() as run:
            with run.autolog():
                make_pipeline(StandardScaler(), LogisticRegression(C=2.0)).fit(ROWS, ["no", "yes", "no", "yes"])
                LinearRegression().fit(ROWS, [1, 2, 3, 4])
            LinearRegression().fit(ROWS, [1, 2, 3, 4])
        outer, pipeline, *_ = opened = [entry for entry in the_log(factory) if entry.opening]
        assert [entry.opening.name for entry in opened if entry.opening] == ["", "Pipeline", "LinearRegression"]
        assert pipeline.opening is not None
        assert pipeline.opening.parent == outer.key
        assert pipeline.params["logisticregression__C"] == 2.0
        names = [metric.name for entry in the_log(factory) for metric in entry.metrics]
        assert names == ["fit_seconds", "fit_seconds"]
        assert vars(LogisticRegression)["fit"] is before

    def test_a_search_has_a_run_a_candidate(self, factory: Workspace) -> None:
        with factory.run() as run, run.autolog():
            GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, scoring="neg_mean_squared_error").fit(ROWS, [1, 2, 3, 4])
        opened = [entry for entry in the_log(factory) if entry.opening]
        named = [(entry.opening.name, entry.opening.parent) for entry in opened if entry.opening]
        search = opened[1]
        assert named[1:] == [("GridSearchCV", opened[0].key), ("candidate 1", search.key), ("candidate 2", search.key)]
        assert [entry.params for entry in opened[2:]] == [{"alpha": 0.1}, {"alpha": 1.0}]
        own = [entry for entry in the_log(factory) if entry.key == search.key]
        assert {name for entry in own for name in entry.params} > {"best_alpha", "cv"}
        assert "best_cv_score" in [metric.name for entry in own for metric in entry.metrics]

    def test_other_threads_and_failing_fits_leave_nothing_behind(self, factory: Workspace) -> None:
        before = vars(LinearRegression)["fit"]
        with factory.run() as run, run.autolog():
            other = threading.Thread(target=lambda: LinearRegression().fit(ROWS, [1, 2, 3, 4]))
            other.start()
            other.join()
            with pytest.raises(ValueError, match="inconsistent"):
                LinearRegression().fit(ROWS, [1])
        assert vars(LinearRegression)["fit"] is before
        ends = [entry.ending.state for entry in the_log(factory) if entry.ending]
        assert ends == [RunState.FAILED, RunState.SUCCEEDED]


FORKING = """
import os, sys
from pathlib import Path
from shopfloor.client.connection import EngineClient
from shopfloor.sdk.workspace import Workspace
from shopfloor.workspace.layout import Layout
root = Path(sys.argv[1])
factory = Workspace(EngineClient(root, Layout(root).socket))
with factory.run(params={"depth": 4}) as run:
    run.log_metric("before", 1.0)
    child = os.fork()
    if child == 0:
        with run.child(name="forked"):
            run.log_metric("there", 2.0)
        run.__exit__(None, None, None)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    run.log_metric("after", 3.0)
"""


def test_a_forked_child_logs_into_a_file_of_its_own_and_leaves_the_run_open(factory: Workspace) -> None:
    environment = {**os.environ, "PYTHONPATH": str(APP)}
    subprocess.run([sys.executable, "-c", FORKING, str(factory.path)], env=environment, check=True, timeout=60)
    ours, theirs = logged(factory)
    assert [metric.name for entry in ours for metric in entry.metrics] == ["before", "after"]
    assert sum(entry.opening is not None for entry in ours) == 1
    assert ours[-1].ending == RunEnding()
    # Each file opens the runs that it speaks of, so it can be taken in alone.
    assert ours[0] in theirs
    assert [metric.name for entry in theirs for metric in entry.metrics] == ["there"]
    assert [entry.key for entry in theirs if entry.ending] == [theirs[0].key]


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
