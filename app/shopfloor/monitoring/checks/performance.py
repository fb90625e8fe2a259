"""Realised performance: stored predictions against the truth, compared with the holdout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, percent, rounded
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, KnownOutcomes
from shopfloor.monitoring.records import PERFORMANCE, Joined, PerformanceReference
from shopfloor.monitoring.thresholds import SAME_PROMISE
from shopfloor.statistics import metrics
from shopfloor.statistics.jackknife import Estimate, estimate

_HALF = 0.5
_NORMAL = 1.96
_ONE_SIDED = 1.645
_IMMATURE = 0.5
# A fall by half of all that the model is good for, with this p-value, is no chance and no season: it rings at once.
_CERTAIN = 0.001


class Performance:
    """Whether the model does what its holdout promised.

    `value` is the realised metric (greater is better), `limit` the score from which down a fall
    matters: `min_effect` of what the model was better than a constant answer, and more than the
    holdout's own stretches and earlier checks fell. `SHIFTED` needs that and evidence (one-sided
    test of the difference, both standard errors, at a fifth of the false-discovery rate, because
    all checks share one holdout and its luck). A collapse, by half of what the model is good for and beyond
    chance, needs no second run. `UNKNOWN` when few actuals are known, when the
    metric is undefined, or when the sample is too noisy to rule out a fall of twice the limit.

    Predictions that were served and the labelled rows of a delivery are two samples, with a result each. The second
    is prequential (Dawid 1984, JRSS A 147:278): each delivery is predicted before it is learned.
    """

    name = PERFORMANCE

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result a sample; nothing where nothing was predicted."""
        samples = (context.outcomes, context.labelled)
        return [_judged(sample, context) for sample in samples if sample is not None]


def _judged(outcomes: KnownOutcomes, context: CheckContext) -> CheckResult:
    base = context.reference.performance
    if outcomes.fault:
        return _unknown(f"the delivered rows cannot be predicted: {outcomes.fault}", outcomes, context)
    if base is None:
        return _unknown("the reference has no holdout score", outcomes, context)
    rows, predicted = len(outcomes), outcomes.joined.predictions
    if outcomes.early:
        reason = f"only {_known_of(outcomes)} of the {outcomes.matched} yet, and they are of another sort than the rest"
        return _unknown(reason, outcomes, context, _promised(base))
    if context.too_few(rows):
        least = context.settings.min_rows
        reason = f"{rows} of {predicted} {outcomes.matched}, at least {least} are needed"
        return _unknown(reason, outcomes, context, _promised(base))
    live = estimate(metrics.find(base.metric), outcomes.predictions)
    if live is None:
        reason = f"{base.metric} is undefined on {counted(rows, 'row')}"
        return _unknown(reason, outcomes, context, _promised(base))
    return _compared(base, live, outcomes, context)


def _promised(base: PerformanceReference) -> dict[str, Any]:
    return {"metric": base.metric, "holdout": base.score, "holdout_rows": base.rows, "constant": base.constant}


def _join_counts(joined: Joined) -> dict[str, Any]:
    return {
        "direction": "below",
        "maturity": joined.maturity,
        "predictions": joined.predictions,
        "matched": joined.matched,
        "orphans": joined.orphans,
        "repeated": joined.repeated,
        "replaced": joined.replaced,
        "unusable": joined.unusable,
    }


def _compared(
    base: PerformanceReference, live: Estimate, outcomes: KnownOutcomes, context: CheckContext
) -> CheckResult:
    allowed = max(base.usual_fall(context.settings.min_effect), *_earlier_falls(base, outcomes, context))
    fall = base.score - live.score
    error = math.hypot(base.error, live.error)
    p_value = float(special.ndtr(-fall / error)) if error > 0 else float(fall <= 0)
    fallen = fall > allowed and p_value <= SAME_PROMISE * context.settings.false_discovery_rate
    # An honest answer: as things stand, twice the fall that matters cannot be ruled out.
    blind = not fallen and fall + _ONE_SIDED * error > 2 * allowed
    verdict = CheckVerdict.SHIFTED if fallen else CheckVerdict.UNKNOWN if blind else CheckVerdict.OK
    return context.result(
        PERFORMANCE,
        outcomes,
        verdict,
        _message(base, live, outcomes, verdict),
        rows=len(outcomes),
        value=live.score,
        limit=base.score - allowed,
        p_value=p_value,
        is_break=fallen and fall >= _HALF * base.skill and p_value <= _CERTAIN,
        evidence={
            **_join_counts(outcomes.joined),
            **_promised(base),
            "false_alarms": SAME_PROMISE * context.settings.false_discovery_rate,
            "interval": [live.score - _NORMAL * live.error, live.score + _NORMAL * live.error],
            "holdout_interval": [base.score - _NORMAL * base.error, base.score + _NORMAL * base.error],
            "chunks": list(base.chunks),
        },
    )


def _earlier_falls(base: PerformanceReference, outcomes: KnownOutcomes, context: CheckContext) -> Sequence[float]:
    return [
        base.score - result.value
        for result in context.earlier(PERFORMANCE, None, outcomes.source)
        if result.verdict is CheckVerdict.OK
        and result.value is not None
        and result.evidence.get("metric") == base.metric
    ] or [0.0]


def _message(base: PerformanceReference, live: Estimate, outcomes: KnownOutcomes, verdict: CheckVerdict) -> str:
    rows = counted(len(outcomes), outcomes.row, f"{outcomes.row}s")
    shown = f"{base.metric} is {rounded(live.score)} ± {rounded(_NORMAL * live.error)} on {rows}"
    before = f"the holdout score was {rounded(base.score)} ± {rounded(_NORMAL * base.error)}"
    maturity = outcomes.joined.maturity
    early = ""
    if maturity is not None and maturity < _IMMATURE:
        early = f" Only {_known_of(outcomes)} of the {outcomes.matched} yet."
    if verdict is CheckVerdict.UNKNOWN:
        return f"Performance: inconclusive, the sample is too noisy: {shown}; {before}.{early}"
    word = "has fallen" if verdict is CheckVerdict.SHIFTED else "is as expected"
    return f"Performance {word}: {shown}; {before}.{early}"


def _known_of(outcomes: KnownOutcomes) -> str:
    joined = outcomes.joined
    return f"{percent(joined.maturity or 0.0)} ({count(joined.matched)} of {count(joined.predictions)})"


def _unknown(
    reason: str, outcomes: KnownOutcomes, context: CheckContext, promised: dict[str, Any] | None = None
) -> CheckResult:
    return context.result(
        PERFORMANCE,
        outcomes,
        CheckVerdict.UNKNOWN,
        f"Performance: inconclusive, {reason}.",
        rows=len(outcomes),
        evidence={**_join_counts(outcomes.joined), **(promised or {})},
    )


CHECK = Performance()
