"""The station's entry: a dataset version and a definition in, a fitted model with its scores out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import PREDICTION, SEGMENT, FittedModel
from shopfloor.artifacts.segments import segments_of
from shopfloor.artifacts.table import Floats
from shopfloor.artifacts.threads import limited
from shopfloor.domain.definition import Split
from shopfloor.domain.numbers import figure
from shopfloor.lake.frame import read_parts
from shopfloor.statistics import metrics
from shopfloor.statistics.block_test import block_test
from shopfloor.statistics.blocks import DAY
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import from_scores
from shopfloor.training import report
from shopfloor.training.backends import check_backend
from shopfloor.training.candidates.candidate import Fit, FitJob
from shopfloor.training.candidates.dummy import DUMMY
from shopfloor.training.candidates.registry import check_candidates, fit
from shopfloor.training.family import FamilyFit, as_served, fit_family, forget
from shopfloor.training.importance import importances
from shopfloor.training.prepared import Prepared, prepare
from shopfloor.training.records import Incumbent, TrainSpec
from shopfloor.training.scoring import Scored, best_of, choose, gains_little, score_candidate
from shopfloor.training.search import search
from shopfloor.training.split import JudgedBlock
from shopfloor.training.stopwatch import Stopwatch
from shopfloor.training.trained import Trained
from shopfloor.training.worst_errors import worst_errors

Progress = Callable[[float, str], None]


def train(spec: TrainSpec, progress: Progress) -> Trained:
    """Read, prepare, fit every candidate for every block, score them there, choose, explain, and fit the chosen one on
    all rows.

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
        return _Run(spec, prepared, metric, stopwatch, progress).finish()


def fit_job(spec: TrainSpec, prepared: Prepared, block: JudgedBlock | None = None) -> FitJob:
    """What every candidate is fitted on for a block; for the newest without one."""
    chosen = prepared.parted.blocks[-1] if block is None else block
    return FitJob(
        name=spec.definition.name,
        task=prepared.target.task,
        classes=tuple(prepared.target.classes),
        columns=prepared.columns,
        train=prepared.table.take(chosen.train),
        values=prepared.target.values[chosen.train],
        late=chosen.late,
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
    metric: Metric
    stopwatch: Stopwatch
    progress: Progress
    notes: list[str] = field(default_factory=list)

    def finish(self) -> Trained:
        """The best candidate. The champion's own recipe where no other gains enough over it to be worth a test."""
        scored = self._scored()
        best, notes = choose(scored, self.metric, self.prepared.target.task)
        known = self.spec.incumbent
        held = None if known is None else self._held(scored, known)
        if held is None or known is None:
            return self._trained(scored, best, notes)
        # The members of a family are judged as one, so another candidate for them all is a matter for its definition.
        family = bool(self.spec.definition.segment_by)
        if known.same and (best is held or family or gains_little(best, held, self.metric)):
            return self._refreshed(scored, held, notes)
        instead = partial(self._refreshed, scored, held, notes) if known.same else None
        return replace(self._trained(scored, best, notes), incumbent=self._incumbent(held), instead=instead)

    def _held(self, scored: Sequence[Scored], known: Incumbent) -> Scored | None:
        """The champion's recipe on every block. None where it cannot be fitted, or not as a family."""
        if known.same:
            return next((one for one in scored if one.fits and one.record.name == known.candidate), None)
        columns = tuple(column for column in self.prepared.columns if column.name in known.features)
        if self.spec.definition.segment_by or len(columns) < len(known.features):
            return None
        jobs = [replace(job, columns=columns) for job in self._jobs()]
        with limited(self.spec.workers):
            searched = partial(self._searched, known.candidate)
            found = score_candidate(known.candidate, jobs, self.prepared, self.metric, searched)
        return found if found.fits else None

    def _refreshed(self, scored: Sequence[Scored], held: Scored, notes: tuple[str, ...]) -> Trained:
        """The champion's recipe with the newest rows."""
        return replace(self._trained(scored, held, notes), refreshes=True, fresher=self._fresher(held))

    def _incumbent(self, held: Scored) -> pd.DataFrame:
        assert held.fit is not None
        holdout = self.prepared.frame.take(self.prepared.parted.judged)
        return held.fit.model.frame_of(held.judged, holdout.index)

    def _fresher(self, held: Scored) -> Comparison | None:
        """Fits for each block against those for the block before it, on the block: whether newer rows do harm.

        Only where blocks follow each other in time, and of a candidate that every block was fitted for.
        """
        blocks = self.prepared.parted.blocks[1:]
        if self.prepared.parted.used is not Split.TIME or not blocks:
            return None
        rows = np.concatenate([one.judged for one in blocks])
        truth, task = self.prepared.target.values[rows], self.prepared.target.task
        newer, older = (from_scores(task, truth, np.concatenate(one)) for one in (held.scores[1:], held.older))
        block = np.repeat(np.arange(len(blocks)), [len(one.judged) for one in blocks])
        days = self.prepared.moments[rows] // DAY
        return block_test(self.metric, newer, older, block, days, alpha=0.05)

    def _trained(self, scored: Sequence[Scored], best: Scored, notes: tuple[str, ...]) -> Trained:
        """The candidate `best`, as it was judged, and refitted on all rows."""
        assert best.fit is not None
        self.notes.clear()
        family = self._family(scored, best)
        final = self._refitted(best.record.name)
        model: FittedModel | FittedFamily = final.model
        scores = best.judged
        if family is not None:
            scores = family.scores
            whole = self._whole_family(self._of_members(scored, best), final)
            model, family = whole.model, as_served(family, whole)
        self.progress(0.9, "explaining")
        prepared = self.prepared
        truth = prepared.holdout_values
        features = importances(best.fit.model, prepared.holdout, truth, self.metric, self.spec.seed)
        self.stopwatch.lap("importance")
        holdout = prepared.frame.take(prepared.parted.judged)
        predictions = self._predictions(model, scores, holdout)
        truth_labels = pd.Series(prepared.target.labels(prepared.parted.judged), index=holdout.index)
        confusion, residuals = worst_errors(prepared.target.task, truth_labels, predictions[PREDICTION])
        self.stopwatch.lap("collect")
        record = report.result(
            self.spec,
            prepared,
            metric=self.metric.name,
            scored=scored,
            best=best,
            params=final.params,
            family=family,
            features=features,
            notes=(*self.notes, *notes),
            seconds=self.stopwatch.seconds,
        )
        self.progress(1.0, "done")
        return Trained(
            model=model,
            rows=prepared.frame.take(prepared.parted.rows),
            holdout=holdout,
            block=prepared.parted.block,
            predictions=predictions,
            truth=truth_labels,
            unlabelled=prepared.unlabelled,
            record=msgspec.structs.replace(record, confusion=confusion, residuals=residuals),
        )

    def _scored(self) -> list[Scored]:
        """Every candidate and the dummy on every block."""
        names = [*dict.fromkeys(self.spec.definition.training.candidates), DUMMY]
        jobs = self._jobs()
        found: list[Scored] = []
        for place, name in enumerate(names):
            self.progress(0.15 + 0.45 * place / len(names), f"fitting {name}")
            with limited(self.spec.workers):
                one = score_candidate(name, jobs, self.prepared, self.metric, partial(self._searched, name))
            for fit_ in one.fits:
                self.stopwatch.add("encode", fit_.encode_seconds)
                self.stopwatch.add("fit", fit_.fit_seconds)
            self.stopwatch.add("score", one.score_seconds)
            found.append(one)
        self.stopwatch.skip()
        return found

    def _jobs(self) -> list[FitJob]:
        return [fit_job(self.spec, self.prepared, block) for block in self.prepared.parted.blocks]

    def _searched(self, name: str, job: FitJob, *, final: bool = False) -> FitJob:
        """The job with the best parameters found in the candidate's share of the budget: each fit has as much."""
        training = self.spec.definition.training
        budget = training.budget_seconds / len(set(training.candidates)) / (len(self.prepared.parted.blocks) + 1)
        if budget <= 0 or name == DUMMY:
            return job
        self.stopwatch.skip()
        found = search(name, job, self.metric, budget)
        self.stopwatch.lap("search")
        if not found.trials:
            return job
        if final:
            note = f"{name}: the best of {found.trials} parameter settings, judged within the training rows."
            if found.stopped_by_time:
                note += " The budget of seconds ended the search, so a rerun may try more or fewer."
            self.notes.append(note)
        return replace(job, params=found.params)

    def _refitted(self, name: str) -> Fit:
        """The candidate fitted once more, on all rows: what was judged is the recipe, what serves knows the newest."""
        self.progress(0.75, f"fitting {name} on all rows")
        prepared = self.prepared.judged_by_all()
        with limited(self.spec.workers):
            job = self._searched(name, fit_job(self.spec, prepared), final=True)
            self.stopwatch.skip()
            found = fit(name, job)
        self.stopwatch.lap("refit")
        return found

    def _family(self, scored: Sequence[Scored], best: Scored) -> FamilyFit | None:
        """The members of a family, by the best candidate that uses features, as they are judged."""
        if not self.spec.definition.segment_by:
            return None
        assert best.fit is not None
        candidate = self._of_members(scored, best)
        family = self._members(self.prepared, best.fit.model, best.scores[-1], candidate, 0.6)
        own, pooled = (one.metrics.get(self.metric.name) for one in (family.record, best.record))
        if own is not None and pooled is not None and pooled > own:
            scores = f"{self.metric.name} {figure(pooled)} against {figure(own)}"
            self.notes.append(f"One model for all segments performs better: {scores}.")
        return family

    def _of_members(self, scored: Sequence[Scored], best: Scored) -> str:
        """The candidate that the members are fitted by: one that uses features."""
        return best.record.name if best.record.name != DUMMY else best_of(scored, self.metric).record.name

    def _whole_family(self, candidate: str, final: Fit) -> FamilyFit:
        """The members fitted once more, each on all of its rows."""
        prepared = self.prepared.judged_by_all()
        found = self._members(prepared, final.model, final.model.scores(prepared.holdout), candidate, 0.75)
        forget(self.spec, candidate)
        return found

    def _members(
        self, prepared: Prepared, pooled: FittedModel, scores: Floats, candidate: str, share: float
    ) -> FamilyFit:
        self.progress(share, "fitting segments")
        with limited(1):  # members are small: threads inside a fit cost more than they give
            family = fit_family(
                self.spec,
                prepared,
                fit_job(self.spec, prepared),
                pooled=pooled,
                pooled_scores=scores,
                candidate=candidate,
                metric=self.metric,
                done=lambda part: self.progress(share + 0.15 * part, "fitting segments"),
            )
        self.stopwatch.lap("segments")
        return family

    def _predictions(self, model: FittedModel | FittedFamily, scores: Floats, holdout: pd.DataFrame) -> pd.DataFrame:
        if isinstance(model, FittedModel):
            return model.frame_of(scores, holdout.index)
        predictions = model.pooled.frame_of(scores, holdout.index)
        segments: Any = segments_of(holdout, model.segment_by)
        predictions.insert(0, SEGMENT, segments)
        return predictions
