"""Target drift: whether the labels of a delivery are distributed as those that the model learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from shopfloor.artifacts.table import Categorical
from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.numbers import percent
from shopfloor.domain.text import first_of, safe
from shopfloor.monitoring.bins import bin_values, target_values
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import measure_drift, vanished_levels
from shopfloor.monitoring.measurement import Finding, Measurement
from shopfloor.monitoring.rates import counted_in, rate_change
from shopfloor.monitoring.records import CLASS_RATE, NEW_CLASS, TARGET_DRIFT, VANISHED, FeatureReference, Reference

_FEW = 5
"""So many rows of a new class are no slip of the pen."""
_NAMED = 3


class TargetDrift:
    """Whether rate, mean and shape of the target are as they were (`measure_drift`), and its classes the same.

    Labels that are missing are no drift: see `labelled_share`.
    """

    name = TARGET_DRIFT

    def run(self, context: CheckContext) -> list[Measurement]:
        """One answer about the labels that are there; none where the rows bring no target."""
        rows, reference, target = context.labels, context.reference, context.definition.target
        if rows is None or reference.target is None or target not in rows.all_rows:
            return []
        feature, values = reference.target, target_values(rows.all_rows[target], reference.task)
        current = bin_values(values, feature.bins).sketch(feature.bins)
        chunks = (reference.chunks, reference.chunked_by)
        measured = measure_drift(self.name, feature, chunks, current, rows, context, has_unit=True)
        if measured.unknown or not isinstance(values, Categorical):
            return [measured]
        return [_with_classes(measured, values, vanished_levels(feature, current), reference, feature)]


CHECK = TargetDrift()


def _with_classes(
    measured: Measurement, values: Categorical, gone: dict[str, float], reference: Reference, feature: FeatureReference
) -> Measurement:
    """The same with the classes that came and went: they are no matter of degree."""
    numbers = np.bincount(values.codes[values.codes >= 0], minlength=len(values.levels))
    counts = {level: int(number) for level, number in zip(values.levels, numbers, strict=True) if number}
    rows, known = sum(counts.values()), feature.whole.present
    before = {level: count / known for level, count in zip(feature.bins.levels, feature.whole.counts, strict=False)}
    new = {level: count / rows for level, count in counts.items() if _is_new(level, count, reference)}
    rates = [_rate(place, counts.get(level, 0), rows, feature) for place, level in enumerate(before) if level in counts]
    rate = max(rates, key=lambda one: one.finding.value / one.finding.limit, default=None)
    classes = (
        Finding(NEW_CLASS, sum(new.values()), 0.0, is_break=True),
        *([rate.finding] if rate is not None else []),
    )

    def message(result: CheckResult) -> str:
        measure = result.evidence.get("measure")
        if measure == CLASS_RATE and rate is not None:
            shown = f"{safe(rate.level, 30)}: {percent(rate.before)} → {percent(rate.now)} of the labels"
            return f"{safe(feature.name, 60)} changed. {shown}."
        if measure not in (NEW_CLASS, VANISHED):
            return measured.message(result)
        came = f"new: {_listed(new)} of the labels" if new else ""
        went = f"gone: {_listed(gone)} of the labels before" if gone else ""
        return f"{safe(feature.name, 60)} has other classes; {'; '.join(filter(None, (came, went)))}."

    evidence = {**measured.evidence, NEW_CLASS: list(new)[:_NAMED], VANISHED: list(gone)[:_NAMED]}
    return replace(measured, findings=(*measured.findings, *classes), evidence=evidence, message=message)


class _Rate(NamedTuple):
    """The share of one class before and now; `finding` compares them by the natural logarithm of their ratio."""

    level: str
    before: float
    now: float
    finding: Finding


def _rate(place: int, count: int, rows: int, feature: FeatureReference) -> _Rate:
    whole = feature.whole
    before = max(whole.counts[place], 1)
    finding = rate_change(CLASS_RATE, (count, rows), (before, whole.present), counted_in(feature.chunks, place))
    return _Rate(feature.bins.levels[place], before / whole.present, count / rows, finding)


def _is_new(level: str, count: int, reference: Reference) -> bool:
    return level not in reference.classes and count >= _FEW


def _listed(shares: dict[str, float]) -> str:
    return first_of([f"{safe(level, 30)} {percent(share)}" for level, share in shares.items()], _NAMED)
