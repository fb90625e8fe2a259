"""The sentences of drift and missing values."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import exact, level, percent, rounded
from shopfloor.domain.text import safe
from shopfloor.monitoring.bins import NUMBER
from shopfloor.monitoring.records import FeatureReference, Sketch


def drift(result: CheckResult, feature: FeatureReference, current: Sketch, regime: Sketch | None, unknown: str) -> str:
    """What changed, from what to what, and whether it is unusual."""
    name = safe(feature.name, 60) if feature.name else "The distribution of predictions"
    if unknown:
        return f"{name}: inconclusive, {unknown}."
    change = describe_change(feature, current, regime or feature.whole)
    measured = _measured(result)
    if feature.constant and result.verdict is CheckVerdict.SHIFTED:
        return _awakened(name, result, feature, change)
    if result.verdict is CheckVerdict.OK:
        if result.evidence.get("gradual"):
            return f"{name} has left the range of the training data, but gradually, as before. {change} ({measured})."
        return f"{name} is stable ({measured})."
    guess = result.evidence.get("unit_change")
    looks = f"; it looks as if {guess}" if guess else ""
    return f"{name} changed. {change} ({measured}){looks}."


def _awakened(name: str, result: CheckResult, feature: FeatureReference, change: str) -> str:
    """What changed of a column that never did."""
    share = percent(result.value or 0.0)
    if not feature.whole.present:
        return f"{name} had no value in the training data, and now {share} of the rows have one."
    return f"{name} had one value in the training data, and now {share} of the values are others. {change}."


def missing(result: CheckResult, feature: FeatureReference, current: Sketch, unknown: str) -> str:
    """How many values are missing, now and in training."""
    name = safe(feature.name, 60)
    if unknown:
        return f"{name}: inconclusive, {unknown}."
    before, now = percent(feature.whole.missing_share), percent(current.missing_share)
    if result.verdict is CheckVerdict.OK:
        return f"{name}: {now} missing, as expected (training: {before})."
    gone = " The column is absent or has no usable values." if current.present == 0 else ""
    return f"{name}: missing {before} → {now} (limit {percent(result.limit or 0.0)}).{gone}"


def describe_change(feature: FeatureReference, current: Sketch, before: Sketch) -> str:
    """A sentence of its own: `Median 79 → 26 (…)`, or the levels that moved most, `JFK: 33 % → 11 % of the values`."""
    if feature.bins.kind == NUMBER and current.points and before.points:
        return _numbers_change(current, before) or _levels_change(feature, current, before)
    return _levels_change(feature, current, before)


def _numbers_change(current: Sketch, before: Sketch) -> str:
    if current.top - before.top > 0.3:
        usual = f"before, at most {percent(before.top)} were one number"
        return f"{percent(current.top)} of the values are {exact(_median(current))} ({usual})"
    old, new = level(_median(before)), level(_median(current))
    if old == new:
        return ""
    low, high = level(current.points[2]), level(current.points[-3])
    return f"Median {old} → {new} (three quarters now within {low} to {high})"


def _median(sketch: Sketch) -> float:
    middle = len(sketch.points) // 2
    return (sketch.points[middle - 1] + sketch.points[middle]) / 2


def _levels_change(feature: FeatureReference, current: Sketch, before: Sketch) -> str:
    n, m = max(current.present, 1), max(before.present, 1)
    shares = [
        (label, old / m, new / n)
        for label, old, new in zip(feature.bins.labels, before.counts, current.counts, strict=True)
    ]
    moved = sorted(shares, key=lambda one: -abs(one[2] - one[1]))[:2]
    words = [f"{safe(label, 30)}: {percent(old)} → {percent(new)}" for label, old, new in moved]
    return "; ".join([*(f"{first} of the values" for first in words[:1]), *words[1:]])


def _measured(result: CheckResult) -> str:
    measure = result.evidence.get("measure")
    value, limit = result.value or 0.0, result.limit or 0.0
    if measure == "wasserstein":
        return f"moved by {rounded(value)} standard deviations, limit {rounded(limit)}"
    if measure == "unseen_share":
        return f"{percent(value)} of the values were never seen before, limit {percent(limit)}"
    if measure == "vanished_share":
        return f"{percent(value)} of the values had been of a kind that is gone"
    if measure == "top_share":
        return f"{percent(value)} one value, limit {percent(limit)}"
    return f"distance {rounded(value, 2)} of 1, limit {rounded(limit, 2)}"
