"""Staleness: what a month of age costs, measured by versions of another age on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import figure, interval, rounded, significant
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, ReplayedVersions, VersionAnswers
from shopfloor.monitoring.records import STALENESS, PerformanceReference, Promise
from shopfloor.statistics import metrics
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.jackknife import Estimate, estimate_of
from shopfloor.statistics.metric import Metric

_DAYS_OF_MONTH = 30.44
_NORMAL = 1.96
_FEWER = 20
"""Degrees of freedom of a standard error from 30 blocks, some of which are alike."""
_SAME_VERSIONS = 0.2
"""The same few versions are compared in delivery after delivery, and what one was lucky in stays."""
_ALIKE = 1.1
_LUCK = 0.023
"""The standard deviation between versions of one recipe made from as many rows, of what they are better than a constant
answer (measured: .007 of an AUC of .80)."""
_CAUSE = "The world has moved on since the version was trained, and versions that learned later know it."


class Staleness:
    """Whether the age of the version costs more than it may.

    Each other version scores the same labelled rows, which none has learned. The differences to the version's own
    score, regressed on the difference in age (least squares through 0), are what a month of age costs. What the one
    was made from more rows for is no matter of age: it is as much better on its own holdout, and that is taken off. The
    standard error is the delete-one-block jackknife's, so that what the versions share cancels, with that of the
    holdouts and with the luck by which versions differ. `value` is that cost times the
    version's age at the rows, `limit` what of its skill (what it is better than a constant answer) may be lost,
    `min_effect`. `SHIFTED` needs both a value beyond the limit and a cost that is more than chance, at a
    fifth of the false-discovery rate.
    """

    name = STALENESS

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result; none without labelled rows or without a version of another age."""
        replayed, base = context.replayed, context.reference.performance
        return [] if replayed is None or base is None else [_judged(replayed, base, context)]


def _judged(replayed: ReplayedVersions, base: PerformanceReference, context: CheckContext) -> CheckResult:
    sides, metric = _of_same_rows(replayed), metrics.find(base.metric)
    months = np.array([_months(sides[0], other) for other in sides[1:]])
    rows = len(sides[0].predictions)
    few = context.too_few(rows)
    grown = [_grown(sides[0].promise, one.promise) for one in sides[1:]]
    more = np.array([one.score for one in grown])
    cost = None if few else estimate_of(lambda kept: _cost(metric, sides, months, more, kept), rows)
    if cost is None:
        reason = few or f"{base.metric} is undefined on {counted(rows, 'row')}"
        message = f"Staleness: inconclusive, {reason}."
        return context.result(STALENESS, replayed, CheckVerdict.UNKNOWN, message, rows=rows)
    by_chance = _by_chance(months, grown, _LUCK * base.skill)
    cost = replace(cost, error=math.hypot(cost.error, by_chance))
    age = max((replayed.moment - replayed.own.until).total_seconds() / 86400 / _DAYS_OF_MONTH, 0.0)
    limit, value = context.settings.min_effect * base.skill, cost.score * age
    p_value = _p_value(cost)
    level = _SAME_VERSIONS * context.settings.false_discovery_rate
    stale = value > limit and p_value <= level
    blind = not stale and (cost.score + _NORMAL * cost.error) * age > 2 * max(limit, value)
    verdict = CheckVerdict.SHIFTED if stale else CheckVerdict.UNKNOWN if blind else CheckVerdict.OK
    bounds = (cost.score - _NORMAL * cost.error, cost.score + _NORMAL * cost.error)
    return context.result(
        STALENESS,
        replayed,
        verdict,
        _message(base.metric, cost, bounds, months, rows, value, limit, age, verdict, context.model_version),
        rows=rows,
        value=significant(value),
        limit=significant(limit),
        p_value=p_value,
        evidence={
            "metric": base.metric,
            "cost_of_a_month": significant(cost.score),
            "interval": [significant(bound) for bound in bounds],
            "age_months": significant(age),
            "scores": {str(one.version): metric.score(one.predictions) for one in sides},
            "months_apart": {
                str(one.version): significant(float(by)) for one, by in zip(sides[1:], months, strict=True)
            },
            "false_alarms": level,
            "cause": _CAUSE,
            "actions": ["retrain", "ack", "snooze"],
        },
    )


def _of_same_rows(replayed: ReplayedVersions) -> list[VersionAnswers]:
    """The version and the others on the rows that all of them answer."""
    sides = [replayed.own, *replayed.others]
    known: Mask = reduce(np.logical_and, (one.predictions.labelled() & one.predictions.sound() for one in sides))
    return [replace(one, predictions=one.predictions.take(known)) for one in sides]


def _months(own: VersionAnswers, other: VersionAnswers) -> float:
    """How much older the other one is."""
    return (own.until - other.until).total_seconds() / 86400 / _DAYS_OF_MONTH


def _grown(own: Promise, other: Promise) -> Estimate:
    """By how much the one is better because it was made from more rows; 0 where both have about as many."""
    left, right = own.performance, other.performance
    if max(own.rows, other.rows) <= _ALIKE * min(own.rows, other.rows) or left is None or right is None:
        return Estimate(0.0, 0.0)
    lead = left.score - right.score
    return Estimate(max(lead, 0.0) if own.rows > other.rows else min(lead, 0.0), math.hypot(left.error, right.error))


def _by_chance(months: Floats, grown: Sequence[Estimate], luck: float) -> float:
    """The standard error of the cost of a month because of the luck of each version, and of its holdout. That of the
    version itself is in every difference."""
    weights = months / (months @ months)
    each = [math.hypot(luck, one.error) for one in grown]
    own = math.hypot(luck, max((one.error for one in grown), default=0.0))
    return math.hypot(float(weights.sum()) * own, *(weights * np.array(each)).tolist())


def _cost(
    metric: Metric, sides: Sequence[VersionAnswers], months: object, grown: Floats, kept: Mask | slice
) -> float | None:
    """What a month costs on the kept rows, without what is `grown`; None where a score is undefined."""
    scores = [metric.score(one.predictions.take(kept)) for one in sides]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return None
    apart = np.asarray(months, dtype=np.float64)
    return float(apart @ (known[0] - np.array(known[1:]) - grown) / (apart @ apart))


def _p_value(cost: Estimate) -> float:
    if cost.error <= 0:
        return float(cost.score <= 0)
    return float(special.stdtr(_FEWER, -cost.score / cost.error))


def _message(
    metric: str,
    cost: Estimate,
    bounds: tuple[float, float],
    months: object,
    rows: int,
    value: float,
    limit: float,
    age: float,
    verdict: CheckVerdict,
    version: int | None,
) -> str:
    apart = np.asarray(months, dtype=np.float64)
    how = (
        f"a month of age costs {figure(cost.score)} {interval(bounds)} {metric}, as "
        f"{counted(len(apart), 'other version')} of another age {'shows' if len(apart) == 1 else 'show'} on "
        f"{counted(rows, 'delivered row')}"
    )
    now = f"version {version} is {rounded(age, 2)} months behind them"
    if verdict is CheckVerdict.UNKNOWN:
        return f"Staleness: inconclusive, the sample is too noisy: {how}; {now}."
    if verdict is CheckVerdict.SHIFTED:
        return f"Version {version} is stale: {how}; {now}, which costs {figure(value)} (limit {figure(limit)})."
    return f"Staleness is as expected: {how}; {now}."


CHECK = Staleness()
