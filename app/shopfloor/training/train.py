"""The station's entry: a dataset version and a definition in, a fitted model with its scores out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pandas as pd

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import PREDICTION, SEGMENT, FittedModel
from shopfloor.artifacts.segments import segments_of
from shopfloor.artifacts.table import Floats
from shopfloor.artifacts.threads import limited
from shopfloor.domain.numbers import figure
from shopfloor.lake.frame import read_parts
from shopfloor.statistics import metrics
from shopfloor.statistics.metric import Metric
from shopfloor.training import report
from shopfloor.training.backends import check_backend
from shopfloor.training.candidates.candidate import FitJob
from shopfloor.training.candidates.dummy import DUMMY
from shopfloor.training.candidates.registry import check_candidates
from shopfloor.training.family import FamilyFit, fit_family, forget
from shopfloor.training.importance import importances
from shopfloor.training.prepared import Prepared, prepare
from shopfloor.training.records import TrainSpec
from shopfloor.training.scoring import Scored, best_of, choose, score_candidate
from shopfloor.training.search import search
from shopfloor.training.stopwatch import Stopwatch
from shopfloor.training.trained import Trained
from shopfloor.training.worst_errors import worst_errors

Progress = Callable[[float, str], None]


def train(spec: TrainSpec, progress: Progress) -> Trained:
    """Read, prepare, fit every candidate, score them on the same holdout, choose and explain.

    `progress` is called with a share from 0 to 1 and the name of the step. The result depends on
    the dataset version, the definition, recipes and the seed alone: BLAS runs in one thread,
    because the order of its sums follows the number of threads (boosting gives the same trees
    with any). Raises `DataError` or `ConfigError` when there is nothing sound to learn.
    """
    check_candidates(spec.definition.training.candidates)
    check_backend(spec.backend)
    stopwatch = Stopwatch()
    progress(0.0, "reading rows")
    frame = read_parts(spec.parts, spec.columns)
    stopwatch.lap("read")
    with limited(spec.workers):
        progress(0.1, "preparing rows")
        prepared = prepare(frame, spec.columns, spec.definition)
        metric = metrics.find(spec.definition.training.metric, (prepared.target.task,))
        stopwatch.lap("prepare")
        return _Run(spec, prepared, fit_job(spec, prepared), metric, stopwatch, progress).finish()


def fit_job(spec: TrainSpec, prepared: Prepared) -> FitJob:
    """What every candidate is fitted on."""
    return FitJob(
        name=spec.definition.name,
        task=prepared.target.task,
        classes=tuple(prepared.target.classes),
        columns=prepared.columns,
        train=prepared.train,
        values=prepared.train_values,
        late=prepared.parted.late,
        order=spec.definition.time,
        seed=spec.seed,
        threads=max(1, spec.workers),
        workspace=spec.workspace,
    )


@dataclass(frozen=True)
class _Run:
    """A training whose rows are ready."""

    spec: TrainSpec
    prepared: Prepared
    job: FitJob
    metric: Metric
    stopwatch: Stopwatch
    progress: Progress

    def finish(self) -> Trained:
        scored, searched = self._scored()
        best, notes = choose(scored, self.metric.name, self.job.task)
        assert best.fit is not None
        assert best.scores is not None
        family = self._family(scored, best)
        model: FittedModel | FittedFamily = best.fit.model if family is None else family.model
        scores = best.scores if family is None else family.scores
        self.progress(0.9, "explaining")
        truth = self.prepared.holdout_values
        features = importances(best.fit.model, self.prepared.holdout, truth, self.metric, self.spec.seed)
        self.stopwatch.lap("importance")
        holdout = self.prepared.frame.take(self.prepared.parted.holdout)
        predictions = self._predictions(model, scores, holdout)
        train_rows = self.prepared.frame.take(self.prepared.parted.train)
        self.stopwatch.lap("collect")
        record = report.result(
            self.spec,
            self.prepared,
            metric=self.metric.name,
            scored=scored,
            best=best,
            family=family,
            features=features,
            notes=(*searched, *notes),
            seconds=self.stopwatch.seconds,
        )
        self.progress(1.0, "done")
        truth_labels = pd.Series(self.prepared.target.labels(self.prepared.parted.holdout), index=holdout.index)
        confusion, residuals = worst_errors(self.job.task, truth_labels, predictions[PREDICTION])
        record = msgspec.structs.replace(record, confusion=confusion, residuals=residuals)
        return Trained(
            model=model,
            train=train_rows,
            holdout=holdout,
            predictions=predictions,
            truth=truth_labels,
            unlabelled=self.prepared.unlabelled,
            record=record,
        )

    def _scored(self) -> tuple[list[Scored], tuple[str, ...]]:
        """Every candidate and the dummy, and notes on the search for parameters."""
        names = [*dict.fromkeys(self.spec.definition.training.candidates), DUMMY]
        found: list[Scored] = []
        notes: list[str] = []
        for place, name in enumerate(names):
            self.progress(0.15 + 0.45 * place / len(names), f"fitting {name}")
            with limited(self.spec.workers):
                job, note = self._searched(name, len(names) - 1)
                one = score_candidate(name, job, self.prepared, self.metric)
            notes += note
            if one.fit is not None:
                self.stopwatch.add("encode", one.fit.encode_seconds)
                self.stopwatch.add("fit", one.fit.fit_seconds)
                self.stopwatch.add("score", one.score_seconds)
            found.append(one)
        self.stopwatch.skip()
        return found, tuple(notes)

    def _searched(self, name: str, sharing: int) -> tuple[FitJob, list[str]]:
        """The job with the best parameters found in the candidate's share of the budget."""
        budget = self.spec.definition.training.budget_seconds / sharing
        if budget <= 0:
            return self.job, []
        self.stopwatch.skip()
        found = search(name, self.job, self.metric, budget)
        self.stopwatch.lap("search")
        if not found.trials:
            return self.job, []
        note = f"{name}: the best of {found.trials} parameter settings, judged within the training rows."
        if found.stopped_by_time:
            note += " The budget of seconds ended the search, so a rerun may try more or fewer."
        return replace(self.job, params=found.params), [note]

    def _family(self, scored: Sequence[Scored], best: Scored) -> FamilyFit | None:
        """The members of a family, by the best candidate that uses features."""
        if not self.spec.definition.segment_by:
            return None
        assert best.fit is not None
        assert best.scores is not None
        self.progress(0.6, "fitting segments")
        candidate = best_of(scored, self.metric.name).record.name
        with limited(1):  # members are small: threads inside a fit cost more than they give
            family = fit_family(
                self.spec,
                self.prepared,
                self.job,
                pooled=best.fit.model,
                pooled_scores=best.scores,
                candidate=candidate,
                metric=self.metric,
                done=lambda share: self.progress(0.6 + 0.3 * share, "fitting segments"),
            )
        forget(self.spec, candidate)
        self.stopwatch.lap("segments")
        own, pooled = (one.metrics.get(self.metric.name) for one in (family.record, best.record))
        if own is not None and pooled is not None and pooled > own:
            scores = f"{self.metric.name} {figure(pooled)} against {figure(own)}"
            note = f"One model for all segments performs better: {scores}."
            return replace(family, notes=(*family.notes, note))
        return family

    def _predictions(self, model: FittedModel | FittedFamily, scores: Floats, holdout: pd.DataFrame) -> pd.DataFrame:
        if isinstance(model, FittedModel):
            return model.frame_of(scores, holdout.index)
        predictions = model.pooled.frame_of(scores, holdout.index)
        segments: Any = segments_of(holdout, model.segment_by)
        predictions.insert(0, SEGMENT, segments)
        return predictions
