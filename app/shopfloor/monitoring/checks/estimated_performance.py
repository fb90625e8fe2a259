"""Estimated performance: what the metric will be once the truth of these rows is known."""

from __future__ import annotations

import math
from typing import Any

from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import rounded
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, StoredPredictions
from shopfloor.monitoring.estimate import estimated_score
from shopfloor.monitoring.records import ESTIMATED_PERFORMANCE, PerformanceReference
from shopfloor.monitoring.support import beyond_reference, holdout_rows_like
from shopfloor.monitoring.thresholds import SAME_PROMISE
from shopfloor.statistics import metrics
from shopfloor.statistics.jackknife import Estimate, estimate
from shopfloor.statistics.predictions import Predictions

_RARER = 20
_NORMAL = 1.96
_HALF = 0.5


class EstimatedPerformance:
    """Whether the model will do what its holdout promised, before the truth is known.

    Of a classifier by its own calibrated chances (confidence-based performance estimation), of a regression model by a
    model of its errors (direct loss estimation): `monitoring.estimate`. It is an estimate, and assumes that only the
    inputs have changed, within what the reference covers, and that what follows from them is as it was. `UNKNOWN`, with
    the reason, where that does not hold: no probabilities, none of the reference's values, or labels that say
    otherwise, of these rows or of the newest that had any. `value`, `limit` and `SHIFTED` are as of the check
    `performance`; rows of which most have their truth are judged by it, not here.
    """

    name = ESTIMATED_PERFORMANCE

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result for the predictions that were served and one for the rows of the delivery, where there are any."""
        samples = (context.predictions, context.answered)
        return [_judged(sample, context) for sample in samples if sample is not None and sample.inputs is not None]


CHECK = EstimatedPerformance()


def _judged(sample: StoredPredictions, context: CheckContext) -> CheckResult:
    base, reference = context.reference.performance, context.reference
    said = sample.predictions.take(sample.predictions.sound())
    if reason := _silent(sample, said, context):
        return _unknown(reason, sample, context)
    assert base is not None
    found = estimated_score(reference, said, sample.frame(sample.predictions.sound()))
    if found is None:
        return _unknown(f"{base.metric} is undefined on {counted(len(said), 'row')}", sample, context)
    realised = _realised(base, sample, context)
    if realised is not None and _differs(base, *realised, context):
        known, rows = realised[0], realised[2]
        shown = f"{base.metric} is {rounded(known.score)} on {counted(rows, 'row')} with truth"
        said_so = f"where the estimate is {rounded(realised[1].score)}"
        reason = f"{shown}, {said_so}: what follows from the inputs has changed"
        return _unknown(reason, sample, context, {**_shown(base, found), **_agreement(realised, agrees=False)})
    if realised is None and (reason := _known_shift(context)):
        return _unknown(reason, sample, context)
    return _compared(base, found, realised, said, sample, context)


def _silent(sample: StoredPredictions, said: Predictions, context: CheckContext) -> str:
    """Why nothing can be estimated; empty where it can."""
    base, reference = context.reference.performance, context.reference
    if few := context.too_few(len(said)):
        return few
    if base is None:
        return "the reference has no holdout score"
    if said.task.classification:
        if said.probability is None:
            return "the model gives no probabilities"
        if reference.calibration is None or reference.calibration.rarer < _RARER:
            return "the version keeps no calibration of its holdout, or of too few rows: train it again"
    elif reference.losses is None:
        return "the version keeps no model of its errors, or its holdout was too small for one: train it again"
    if base.estimated is None or abs(base.estimated - base.score) > max(_NORMAL * base.error, _matters(base, context)):
        return "what the holdout says of itself is not its score"
    assert sample.inputs is not None
    if beyond := beyond_reference(sample.inputs, reference):
        return beyond
    like = holdout_rows_like(said, reference)
    if like < context.settings.min_rows:
        return f"only {counted(int(like), 'row')} of the holdout {'is' if int(like) == 1 else 'are'} like these"
    return ""


Realised = tuple[Estimate, Estimate, int]
"""The score of rows whose truth is known, the estimate for the same rows, and how many they are."""


def _realised(base: PerformanceReference, sample: StoredPredictions, context: CheckContext) -> Realised | None:
    """None where too few truths are known, of these rows or, of predictions, of others that were served."""
    rows = sample.predictions.labelled() & sample.predictions.sound()
    known, frame = sample.predictions.take(rows), sample.frame(rows)
    others = context.outcomes
    if context.too_few(len(known)) and others is not None and others.source == sample.source and not others.early:
        known, frame = others.predictions, None
    if context.too_few(len(known)):
        return None
    found = estimate(metrics.find(base.metric), known)
    expected = estimated_score(context.reference, known, frame)
    return None if found is None or expected is None else (found, expected, len(known))


def _differs(base: PerformanceReference, known: Estimate, expected: Estimate, rows: int, context: CheckContext) -> bool:
    """Whether truth and estimate are apart by more than matters, and beyond chance."""
    apart = abs(known.score - expected.score)
    error = math.hypot(max(known.error, expected.error), base.error)
    level = SAME_PROMISE * context.settings.false_discovery_rate
    return apart > _matters(base, context) and 2 * float(special.ndtr(-apart / max(error, 1e-12))) <= level


def _known_shift(context: CheckContext) -> str:
    """Why the newest labels of the version speak against its estimates; empty where none do."""
    told = [
        result
        for source in ("data", "inference")
        for result in context.earlier(ESTIMATED_PERFORMANCE, None, source)
        if "agrees" in result.evidence
    ]
    newest = max(told, key=lambda one: one.at, default=None)
    if newest is None or newest.evidence["agrees"]:
        return ""
    known, said = newest.evidence["realised"], newest.evidence["estimated"]
    return f"the newest labels gave {rounded(known)} where {rounded(said)} was estimated, so that estimates do not hold"


def _matters(base: PerformanceReference, context: CheckContext) -> float:
    return context.settings.min_effect * base.skill


def _compared(
    base: PerformanceReference,
    found: Estimate,
    realised: Realised | None,
    said: Predictions,
    sample: StoredPredictions,
    context: CheckContext,
) -> CheckResult:
    allowed = base.usual_fall(context.settings.min_effect)
    fall = base.score - found.score
    error = math.hypot(base.error, found.error)
    p_value = float(special.ndtr(-fall / error)) if error > 0 else float(fall <= 0)
    level = SAME_PROMISE * context.settings.false_discovery_rate
    mostly_known = float(sample.predictions.labelled().mean()) >= _HALF
    fallen = fall > allowed and p_value <= level and not mostly_known
    verdict = CheckVerdict.SHIFTED if fallen else CheckVerdict.OK
    return context.result(
        ESTIMATED_PERFORMANCE,
        sample,
        verdict,
        _message(base, found, realised, len(said), verdict),
        rows=len(said),
        value=found.score,
        limit=base.score - allowed,
        p_value=p_value,
        evidence={**_shown(base, found), "false_alarms": level, **_agreement(realised, agrees=True)},
    )


def _message(
    base: PerformanceReference, found: Estimate, realised: Realised | None, rows: int, verdict: CheckVerdict
) -> str:
    shown = f"{base.metric} is probably {rounded(found.score)} ± {rounded(_NORMAL * found.error)}"
    before = f"the holdout score was {rounded(base.score)} ± {rounded(_NORMAL * base.error)}"
    word = "has fallen" if verdict is CheckVerdict.SHIFTED else "is as expected"
    known = f" On {counted(realised[2], 'row')} with truth it is {rounded(realised[0].score)}." if realised else ""
    return f"Estimated performance {word}: {shown} on {counted(rows, 'row')}; {before}.{known}"


def _shown(base: PerformanceReference, found: Estimate) -> dict[str, Any]:
    return {
        "direction": "below",
        "metric": base.metric,
        "holdout": base.score,
        "interval": [found.score - _NORMAL * found.error, found.score + _NORMAL * found.error],
    }


def _agreement(realised: Realised | None, *, agrees: bool) -> dict[str, Any]:
    """What later looks need: whether truth and estimate of the same rows agreed."""
    if realised is None:
        return {}
    known, said, rows = realised
    return {"agrees": agrees, "realised": known.score, "estimated": said.score, "realised_rows": rows}


def _unknown(
    reason: str, sample: StoredPredictions, context: CheckContext, evidence: dict[str, Any] | None = None
) -> CheckResult:
    message = f"Estimated performance: inconclusive, {reason}."
    rows = len(sample)
    return context.result(ESTIMATED_PERFORMANCE, sample, CheckVerdict.UNKNOWN, message, rows=rows, evidence=evidence)
