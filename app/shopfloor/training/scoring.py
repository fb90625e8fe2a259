"""Candidates fitted, scored on the same holdout rows, and one of them chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from shopfloor.artifacts.table import Floats
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError, ShopfloorError
from shopfloor.domain.run import CandidateScore
from shopfloor.domain.text import safe
from shopfloor.statistics import metrics
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions, from_scores
from shopfloor.training.candidates.candidate import Fit, FitJob
from shopfloor.training.candidates.dummy import DUMMY
from shopfloor.training.candidates.registry import fit
from shopfloor.training.prepared import Prepared


@dataclass(frozen=True)
class Scored:
    """A candidate with its scores of the holdout rows; `fit` is None when it failed."""

    record: CandidateScore
    fit: Fit | None = None
    scores: Floats | None = None
    score_seconds: float = 0.0


def score_candidate(name: str, job: FitJob, prepared: Prepared, metric: Metric) -> Scored:
    """Fit one candidate and score it. Whatever its code raises is recorded, not raised.

    The boundary is wide on purpose: recipes are other people's code, and one bad candidate must
    not take the others down.
    """
    started = time.perf_counter()
    try:
        fitted = fit(name, job)
        scoring = time.perf_counter()
        scores = fitted.model.scores(prepared.holdout)
        found = all_scores(metric, from_scores(job.task, prepared.holdout_values, scores))
    except ShopfloorError as error:
        return Scored(_failed(name, started, str(error)))
    except Exception as error:  # noqa: BLE001  (a recipe's or a library's failure: see above)
        return Scored(_failed(name, started, f"{type(error).__name__}: {error}"))
    ended = time.perf_counter()
    record = CandidateScore(name=name, metrics=found, seconds=ended - started)
    return Scored(record, fitted, scores, ended - scoring)


def all_scores(metric: Metric, predictions: Predictions) -> dict[str, float | None]:
    """What a run reports: the metric that decides first, then the usual ones of the task."""
    wanted = {one.name: one for one in (metric, *metrics.reported(predictions.task))}
    return {name: one.score(predictions) for name, one in wanted.items()}


def choose(scored: Sequence[Scored], metric: str, task: Task) -> tuple[Scored, tuple[str, ...]]:
    """The candidate with the greatest metric; the dummy only when nothing beats it.

    Where the metric is undefined on the holdout the proper loss decides, and a note says so.
    Raises `DataError` when every candidate failed.
    """
    working = _working(scored)
    notes: list[str] = []
    dummy = next((one for one in scored if one.fit is not None and one.record.name == DUMMY), None)
    if all(one.record.metrics.get(metric) is None for one in working):
        fallback = "neg_root_mean_squared_error" if task is Task.REGRESSION else "neg_log_loss"
        notes.append(f"{metric} is undefined on the holdout (its rows have one class); {fallback} decided.")
        metric = fallback
    best = max(working, key=lambda one: _value(one, metric))
    if dummy is not None and _value(dummy, metric) >= _value(best, metric):
        notes.append(f"No candidate beats the baseline that ignores all features ({metric}).")
        best = dummy
    return best, tuple(notes)


def best_of(scored: Sequence[Scored], metric: str) -> Scored:
    """The best of the candidates that use features."""
    return max(_working(scored), key=lambda one: _value(one, metric))


def _working(scored: Sequence[Scored]) -> list[Scored]:
    working = [one for one in scored if one.fit is not None and one.record.name != DUMMY]
    if working:
        return working
    by_error: dict[str, list[str]] = {}
    for one in scored:
        if one.record.error:
            by_error.setdefault(one.record.error, []).append(one.record.name)
    errors = "; ".join(f"{', '.join(names)}: {error}" for error, names in by_error.items())
    raise DataError(
        f"Every candidate failed. {errors}",
        hint="Correct the recipe or the data, or name other candidates.",
        code="all_candidates_failed",
    )


def _value(scored: Scored, metric: str) -> float:
    value = scored.record.metrics.get(metric)
    return float("-inf") if value is None else value


def _failed(name: str, started: float, error: str) -> CandidateScore:
    return CandidateScore(name=name, metrics={}, seconds=time.perf_counter() - started, error=safe(error, 500))
