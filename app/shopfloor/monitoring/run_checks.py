"""The checks of one model version: what they are given, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, InputRows, KnownOutcomes
from shopfloor.monitoring.checks import checks
from shopfloor.monitoring.delivered import delivered_rows
from shopfloor.monitoring.measurement import conclude
from shopfloor.monitoring.records import PERFORMANCE, CheckReport, CheckSpec, Joined, Reference
from shopfloor.monitoring.replaying import replayed
from shopfloor.monitoring.samples import (
    answered_rows,
    delivered_truth,
    known_outcomes,
    read_reference,
    stored_samples,
)
from shopfloor.monitoring.value import realised_value

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[float, str], None]

NO_JOIN = Joined()


def run_checks(
    spec: CheckSpec,
    progress: Progress,
    keep_truth: Callable[[pd.DataFrame], None] | None = None,
    keep_labelled: Callable[[KnownOutcomes], None] | None = None,
) -> CheckReport:
    """Run every check on one model version.

    Rows are those of `spec.data` when there are any, else the stored inputs of the window.
    Predictions and outcomes are the stored predictions of the window; with an open window what was made
    since the last run, and the newest known outcomes. `keep_truth` is given what the delivery says
    of predictions (columns `association_id` and `actual`), if it says anything, and `keep_labelled` what the version
    said of the delivery's labelled rows. Raises
    `IntegrityError` for a damaged reference or part, `DataError` for parts without the agreed columns.
    """
    progress(0.0, "reading the reference")
    reference = read_reference(spec.reference_path)
    progress(0.1, "reading the delivery")
    delivered = truth = None
    if spec.data:
        definition, amounts = spec.definition, () if spec.value is None else spec.value.amounts
        delivered = delivered_rows(spec.data, spec.columns, reference, definition, spec.now, amounts=amounts)
        truth = delivered_truth(delivered.all_rows, definition.id, definition.target, amounts)
    context = _context(spec, reference, delivered, truth, progress)
    progress(0.7, "checking")
    results = check_all(context)
    if keep_truth is not None and truth is not None:
        keep_truth(truth)
    if keep_labelled is not None and context.labelled is not None:
        keep_labelled(context.labelled)
    progress(1.0, "done")
    return _report(spec, context, results)


def check_all(context: CheckContext) -> list[CheckResult]:
    """What every check says, with all tests of the same rows corrected together."""
    return conclude([answer for check in checks() for answer in check.run(context)], context)


def _context(
    spec: CheckSpec,
    reference: Reference,
    delivered: InputRows | None,
    truth: pd.DataFrame | None,
    progress: Progress,
) -> CheckContext:
    rows = delivered
    predictions = outcomes = labelled = answered = rescored = versions = requests = None
    if spec.definition.monitoring.drift:
        progress(0.3, "reading predictions")
        stored = stored_samples(spec, reference) if spec.inference else None
        inputs, predictions, rescored, requests = stored if stored is not None else (None, None, None, None)
        rows = inputs if rows is None else rows
    if spec.definition.monitoring.performance and spec.inference:
        progress(0.5, "joining predictions and actuals")
        outcomes = known_outcomes(spec, reference, truth)
    if spec.definition.monitoring.performance and delivered is not None:
        progress(0.6, "predicting the delivery's rows")
        labelled, answered = answered_rows(spec, reference, delivered)
        versions = replayed(spec, labelled, delivered) if labelled is not None else None
    return CheckContext(
        value=None if spec.value is None else realised_value(spec.value),
        definition=spec.definition,
        model_version=spec.model_version,
        reference=reference,
        at=spec.now,
        history=spec.history,
        rows=rows,
        predictions=predictions,
        outcomes=outcomes,
        labelled=labelled,
        answered=answered,
        rescored=rescored,
        requests=requests,
        replayed=versions,
        labels_follow=spec.labels_follow,
    )


def _report(spec: CheckSpec, context: CheckContext, results: list[CheckResult]) -> CheckReport:
    rows, outcomes = context.rows, context.outcomes
    sample = rows if rows is not None else outcomes
    live, performance = _live(context, results)
    return CheckReport(
        model=spec.definition.name,
        model_version=spec.model_version,
        results=tuple(results),
        source="" if sample is None else sample.source,
        rows=0 if sample is None else len(sample),
        live_score=None if performance is None else performance.value,
        live_rows=0 if live is None else len(live),
        live_known=0 if live is None else live.joined.matched,
        live_of=0 if live is None else live.joined.predictions,
        live_on="" if live is None else live.row,
        live_verdict="" if performance is None else performance.verdict.value,
        value=None if context.value is None or not context.value.rows else context.value.total,
        joined=NO_JOIN if outcomes is None else outcomes.joined,
        notes=() if outcomes is None else _notes(outcomes),
    )


def _live(context: CheckContext, results: Sequence[CheckResult]) -> tuple[KnownOutcomes | None, CheckResult | None]:
    """The known outcomes that say how the version does now, and what was found in them.

    What was served says more than what would have been, where it is enough for a score.
    """
    found = {result.evidence["source"]: result for result in results if result.check == PERFORMANCE}
    pairs = [(one, found.get(one.source)) for one in (context.outcomes, context.labelled) if one]
    scored = (pair for pair in pairs if pair[1] is not None and pair[1].value is not None)
    return next(scored, pairs[0] if pairs else (None, None))


def _notes(outcomes: KnownOutcomes) -> tuple[str, ...]:
    joined = outcomes.joined
    notes = []
    known = joined.matched - joined.unusable
    if len(outcomes) < known:
        notes.append(f"Performance uses the newest {count(len(outcomes))} of {count(known)} actuals.")
    if joined.orphans:
        notes.append(
            f"{counted(joined.orphans, 'actual belongs', 'actuals belong')} to no prediction of this version "
            "in the window."
        )
    if joined.unusable:
        notes.append(f"{counted(joined.unusable, 'actual is', 'actuals are')} no class or number of this model.")
    return tuple(notes)
