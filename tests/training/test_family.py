"""Families: own models where they pay, the pooled one where a segment is thin, nothing done twice."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from tests.training.samples import deliveries, silent, spec

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.pickling import to_bytes
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import UnreachableError
from shopfloor.training import backends, family, members, scoring
from shopfloor.training import train as train_module
from shopfloor.training.candidates import registry
from shopfloor.training.candidates.candidate import Fit, FitJob
from shopfloor.training.members import not_better
from shopfloor.training.train import train
from shopfloor.training.trained import Trained

LINEAR = {"candidates": ("linear",)}


def orders(rows: int = 1200) -> pd.DataFrame:
    """Three thick shops, one thin one, and one whose orders are never late."""
    frame = deliveries(rows)
    rng = np.random.default_rng(5)
    frame.loc[rng.choice(rows, 30, replace=False), "shop"] = "thin"
    never = rng.choice(rows, 150, replace=False)
    frame.loc[never, "shop"] = "calm"
    frame.loc[never, "outcome"] = "ok"
    return frame


def trained(directory: Path, **run: object) -> Trained:
    return train(spec(orders(), directory, training=LINEAR, run=run, segment_by=("shop",)), silent)


def test_segments_that_differ_get_their_own_model(tmp_path: Path) -> None:
    found = trained(tmp_path)
    assert isinstance(found.model, FittedFamily)
    reports = {one.segment: one for one in found.record.segments}
    assert sorted(reports) == ["a", "b", "c", "calm", "thin"]
    assert reports["c"].fallback is None
    assert "c" in found.model.members
    assert "fewer than 40" in (reports["thin"].fallback or "")
    assert "one class" in (reports["calm"].fallback or "")
    assert set(found.model.members) == {name for name, one in reports.items() if one.fallback is None}
    assert found.record.chosen == "segments"
    assert found.record.candidates[-1].name == "segments"
    assert found.record.metrics == found.record.candidates[-1].metrics
    pooled = found.record.candidates[0].metrics["roc_auc"] or 0.0
    assert (found.record.metrics["roc_auc"] or 0.0) > pooled + 0.02
    assert any("served by the pooled model" in note for note in found.record.notes)
    assert sum(one.rows for one in found.record.segments) == found.record.train_rows


def test_predictions_come_from_the_family(tmp_path: Path) -> None:
    found = trained(tmp_path)
    again = found.model.predict_frame(found.holdout)
    assert list(again.columns) == list(found.predictions.columns)
    assert again["segment"].tolist() == found.predictions["segment"].tolist()
    near = (again["probability_late"] - found.predictions["probability_late"]).abs()
    assert 0 < near.mean() < 0.1, "it is the same recipe, with the rows that judged it"
    assert found.predictions["segment"].tolist() == found.holdout["shop"].tolist()


def test_worker_processes_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = hashlib.sha256(to_bytes(trained(tmp_path).model)).hexdigest()
    monkeypatch.setattr(family, "_workers_save_time", lambda *_: True)
    shared = hashlib.sha256(to_bytes(trained(tmp_path, backend="loky", workers=2).model)).hexdigest()
    assert shared == alone


def test_rows_read_by_a_remote_worker_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dask worker runs, without the cluster."""

    def here(work, chunks, backend, workers, scheduler):  # type: ignore[no-untyped-def]
        assert backend == "dask"
        for chunk in chunks:
            assert chunk[1].train.rows == 0
            yield work(*chunk)

    alone = hashlib.sha256(to_bytes(trained(tmp_path).model)).hexdigest()
    monkeypatch.setattr(family, "run_chunks", here)
    remote = hashlib.sha256(to_bytes(trained(tmp_path, backend="dask").model)).hexdigest()
    assert remote == alone


@pytest.fixture
def distributed() -> ModuleType:
    """The optional package; `make` installs it."""
    return pytest.importorskip("distributed")  # type: ignore[no-any-return]


def test_a_dask_cluster_gives_the_same_bytes(tmp_path: Path, distributed: ModuleType) -> None:
    alone = hashlib.sha256(to_bytes(trained(tmp_path).model)).hexdigest()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        found = trained(tmp_path, backend="dask", scheduler=cluster.scheduler_address)
        distributed.default_client().close()
    assert hashlib.sha256(to_bytes(found.model)).hexdigest() == alone


@pytest.mark.usefixtures("distributed")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense"])
def test_a_dask_cluster_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(backends, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(UnreachableError, match=f"scheduler at {address} does not respond"):
        trained(tmp_path, backend="dask", scheduler=address)


def test_a_retry_fits_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    fits: list[int] = []
    real = registry.fit

    def dying(name: str, job: FitJob) -> Fit:
        fits.append(job.train.rows)
        if len(fits) == 4:
            raise KeyboardInterrupt
        return real(name, job)

    monkeypatch.setattr(members, "fit", dying)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, scratch=str(scratch))
    kept = [path for path in scratch.rglob("*") if path.is_file()]
    assert len(kept) == 1
    fits.clear()
    monkeypatch.setattr(members, "fit", lambda name, job: (fits.append(job.train.rows), real(name, job))[1])
    resumed = trained(tmp_path, scratch=str(scratch), run="r2")
    again = len(fits)
    assert not [path for path in scratch.rglob("*") if path.is_file()]
    fits.clear()
    whole = trained(tmp_path)
    assert again < len(fits)
    assert to_bytes(resumed.model) == to_bytes(whole.model)


def test_a_segment_that_fails_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.fit

    def failing(name: str, job: FitJob) -> Fit:
        if "b" in job.train.factor("shop").levels and len(set(job.train.factor("shop").codes)) == 1:
            code = job.train.factor("shop").codes[0]
            if job.train.factor("shop").levels[code] == "b":
                raise ValueError("singular \x1b[2J")
        return real(name, job)

    monkeypatch.setattr(members, "fit", failing)
    found = {one.segment: one.fallback for one in trained(tmp_path).record.segments}
    assert "singular" in (found["b"] or "")
    assert "\x1b" not in (found["b"] or "")
    assert found["c"] is None


def test_thin_segments_must_prove_themselves_and_thick_ones_be_disproved() -> None:
    rng = np.random.default_rng(0)
    pooled = rng.random(50)
    alike = pooled + rng.normal(0, 0.1, 50)
    alike += pooled.mean() - alike.mean()
    assert "is as good" in not_better(alike, pooled, 100, Task.BINARY)
    assert not_better(alike, pooled, 1000, Task.BINARY) == ""
    assert not_better(alike - 0.05, pooled, 100, Task.BINARY) == ""
    assert "is better" in not_better(alike + 0.05, pooled, 1000, Task.BINARY)


def test_a_member_may_read_what_the_pooled_model_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.fit

    def without_z(name: str, job: FitJob) -> Fit:
        return real(name, replace(job, columns=tuple(one for one in job.columns if one.name != "z")))

    monkeypatch.setattr(scoring, "fit", without_z)
    monkeypatch.setattr(train_module, "fit", without_z)
    found = trained(tmp_path)
    assert isinstance(found.model, FittedFamily)
    assert "z" not in {one.name for one in found.model.pooled.features}
    assert "z" in {one.name for one in found.model.features}
    assert len(found.model.predict_frame(found.holdout)) == len(found.predictions)


def test_too_many_segments_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopfloor.domain.errors import DataError

    monkeypatch.setattr(family, "_MOST_SEGMENTS", 4)
    with pytest.raises(DataError, match="5 segments are more than 4"):
        trained(tmp_path)
