"""The search for parameters: judged on rows it has not fitted, in an order that the seed decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.training.samples import COLUMNS, deliveries

from shopfloor.artifacts.table import parse
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Task
from shopfloor.statistics import metrics
from shopfloor.statistics.metric import Measured
from shopfloor.statistics.predictions import Predictions
from shopfloor.training import search as module
from shopfloor.training.candidates.candidate import Fit, FitJob
from shopfloor.training.candidates.registry import fit
from shopfloor.training.search import search

AUC = metrics.find("roc_auc")


def job(rows: int = 500) -> FitJob:
    frame = deliveries(rows)
    columns: tuple[Column, ...] = tuple(one for one in COLUMNS if one.name in {"shop", "x", "z"})
    return FitJob(
        name="m",
        task=Task.BINARY,
        classes=("ok", "late"),
        columns=columns,
        train=parse(frame, columns),
        values=(frame["outcome"] == "late").to_numpy().astype(np.int64),
        late=np.arange(rows) / rows,
        order=None,
        seed=0,
    )


def test_judging_rows_are_never_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[np.ndarray] = []
    judged: list[np.ndarray] = []
    real = metrics.find("neg_log_loss")

    def spying_fit(name: str, one: FitJob) -> Fit:
        fitted.append(one.train.numbers("x"))
        return fit(name, one)

    def spying_measure(predictions: Predictions) -> Measured:
        judged.append(predictions.truth)
        return real.measure(predictions)

    monkeypatch.setattr(module, "fit", spying_fit)
    given = job()
    assert search("linear", given, replace(real, measure=spying_measure), 0.1).trials == len(fitted) >= 1
    judges = given.latest(0.1)
    held = given.train.numbers("x")[judges]
    assert not set(held) & set(fitted[0])
    assert judges.sum() == 50
    assert np.array_equal(judged[0], given.values[judges])


def test_trials_follow_the_seed_and_begin_with_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[dict[str, Any]] = []

    def spying_fit(name: str, one: FitJob) -> Fit:
        tried.append(one.params)
        return fit("linear", replace(one, params={}))

    monkeypatch.setattr(module, "fit", spying_fit)
    monkeypatch.setattr(module, "_MOST_TRIALS", 4)
    for name in ("linear", "boosting", "forest"):
        tried.clear()
        found = search(name, job(), AUC, 60.0)
        assert (found.trials, found.stopped_by_time) == (4, False)
        first, tried[:] = list(tried), []
        search(name, job(), AUC, 60.0)
        assert tried == first
        assert first[0] == {}
        assert len({str(params) for params in first}) == 4
        tried.clear()
        search(name, replace(job(), seed=1), AUC, 60.0)
        assert tried[1:] != first[1:]


def test_the_best_judged_setting_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.5, 0.9, float("nan"), 0.7])
    monkeypatch.setattr(module, "_MOST_TRIALS", 4)
    tried: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "fit", lambda name, one: (tried.append(one.params), fit(name, one))[1])
    assert search("linear", job(), replace(AUC, measure=lambda _: Measured(next(scores))), 60.0).params == tried[1]


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_budget_no_search(seconds: float) -> None:
    assert search("linear", job(), AUC, seconds).trials == 0


def test_too_few_judges_no_search() -> None:
    assert search("linear", job(200), AUC, 5.0).trials == 0
    assert search("recipes/x.py:build", job(), AUC, 5.0).trials == 0
