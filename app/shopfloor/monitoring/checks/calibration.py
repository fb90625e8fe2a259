"""Calibration: whether what the classifier gives a chance of 30 % happens in 30 of 100 rows."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import interval, rounded, significant
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, KnownOutcomes
from shopfloor.monitoring.records import CALIBRATION
from shopfloor.monitoring.thresholds import SAME_PROMISE
from shopfloor.statistics.calibration import Recalibration, claims, differ, recalibration

_RARER = 20
_NORMAL = 1.96
_ONE_SIDED = 1.645


class Calibration:
    """Whether the chances that the model gives are as honest as on its holdout.

    `value` is how far they are from what happens, on average; `limit` what the holdout's rows would show with these
    chances, and `min_effect` standard deviations of the outcome more. `SHIFTED` needs that, and evidence that what
    happens at a chance is not what happened in the holdout (`statistics.calibration.differ`), at a fifth of the
    false-discovery rate, as all checks share one holdout. `UNKNOWN` where few rows are known, the rarer outcome
    happened in fewer than 20, or the sample is too noisy to rule out twice the change that matters.
    """

    name = CALIBRATION

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result a sample of known outcomes; none for numbers, or for a model that gives no probabilities."""
        samples = (context.outcomes, context.labelled)
        return [
            _judged(sample, context)
            for sample in samples
            if sample is not None and not sample.fault and sample.predictions.probability is not None
        ]


CHECK = Calibration()


def _judged(outcomes: KnownOutcomes, context: CheckContext) -> CheckResult:
    before = context.reference.calibration
    if reason := _too_few(outcomes, before, context):
        return _unknown(reason, outcomes, context)
    now = recalibration(outcomes.predictions)
    if now is None or before is None or now.rarer < _RARER:
        rarer = 0 if now is None else now.rarer
        reason = f"the rarer outcome happened in {counted(rarer, 'row')}, at least {_RARER} are needed"
        return _unknown(reason, outcomes, context)
    return _compared(before, now, outcomes, context)


def _too_few(outcomes: KnownOutcomes, before: Recalibration | None, context: CheckContext) -> str:
    if before is None or before.rarer < _RARER:
        return "the version keeps no calibration of its holdout, or of too few rows: train it again"
    if outcomes.early:
        return "the outcomes that are known so far are of another sort than the rest"
    return context.too_few(len(outcomes))


def _compared(before: Recalibration, now: Recalibration, outcomes: KnownOutcomes, context: CheckContext) -> CheckResult:
    chance, _ = claims(outcomes.predictions)
    value, error = now.gap(chance)
    promised, _ = before.gap(chance)
    least = context.settings.min_effect * float((before.share * (1 - before.share)) ** 0.5)
    level = SAME_PROMISE * context.settings.false_discovery_rate
    p_value = differ(now, before)
    shifted = value > promised + least and p_value <= level
    blind = not shifted and value - promised + _ONE_SIDED * error > 2 * least
    verdict = CheckVerdict.SHIFTED if shifted else CheckVerdict.UNKNOWN if blind else CheckVerdict.OK
    bounds = (max(value - _NORMAL * error, 0.0), value + _NORMAL * error)
    return context.result(
        CALIBRATION,
        outcomes,
        verdict,
        _message(value, bounds, promised, outcomes, verdict),
        rows=len(outcomes),
        value=significant(value),
        limit=significant(promised + least),
        p_value=p_value,
        evidence={
            "interval": [significant(bound) for bound in bounds],
            "holdout": significant(promised),
            "holdout_rows": before.rows,
            "intercept": significant(now.intercept),
            "slope": significant(now.slope),
            "false_alarms": level,
        },
    )


def _message(
    value: float, bounds: tuple[float, float], promised: float, outcomes: KnownOutcomes, verdict: CheckVerdict
) -> str:
    rows = counted(len(outcomes), outcomes.row, f"{outcomes.row}s")
    shown = f"chances are off by {rounded(value)} ({interval(bounds)}) on average on {rows}"
    before = f"by {rounded(promised)} on the holdout"
    if verdict is CheckVerdict.UNKNOWN:
        return f"Calibration: inconclusive, the sample is too noisy: {shown}; {before}."
    word = "is worse" if verdict is CheckVerdict.SHIFTED else "is as expected"
    return f"Calibration {word}: {shown}; {before}."


def _unknown(reason: str, outcomes: KnownOutcomes, context: CheckContext) -> CheckResult:
    message = f"Calibration: inconclusive, {reason}."
    return context.result(CALIBRATION, outcomes, CheckVerdict.UNKNOWN, message, rows=len(outcomes))
