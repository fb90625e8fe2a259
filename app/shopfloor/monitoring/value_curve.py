"""The threshold at which decisions are worth most, chosen on the holdout and confirmed on what came true."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from shopfloor.domain.definition import Task, Value
from shopfloor.domain.numbers import money, rounded
from shopfloor.domain.text import counted, safe
from shopfloor.domain.value import ThresholdPoint, ThresholdReport
from shopfloor.monitoring.records import Outcomes, ValueSpec
from shopfloor.monitoring.samples import read_reference
from shopfloor.monitoring.stored import join_truth
from shopfloor.monitoring.value import by_threshold, no_table
from shopfloor.statistics.blocks import rows as single_rows
from shopfloor.statistics.business_value import value_of_claims
from shopfloor.statistics.paired import from_influence
from shopfloor.statistics.predictions import Predictions

_ALPHA = 0.025
_STEP = 10
_LITTLE = 0.005


def thresholds(spec: ValueSpec) -> ThresholdReport:
    """The curve of value over thresholds by the newest terms, and a proposal.

    The holdout chooses and the champion's stored predictions with known actuals confirm, so that the gain is not that
    of the luckiest of many thresholds. Without enough of them the holdout alone proposes, and the reason says so.
    """
    value = spec.terms[-1].value if spec.terms else None
    report = partial(
        ThresholdReport,
        model=spec.definition.name,
        unit="" if value is None else value.unit,
        version=spec.champion,
        threshold=spec.threshold,
    )
    if value is None:
        return report(reason=no_table(spec.definition.name))
    if spec.task is not Task.BINARY:
        return report(reason="Only a target of two classes has a threshold.")
    if not value.constant:
        return report(reason="The curve needs terms that are the same for every row: numbers, no columns or function.")
    holdout = None if spec.reference_path is None else read_reference(spec.reference_path).outcomes
    if holdout is None or not holdout.positives:
        return report(reason="There is no holdout to choose a threshold on.")
    curve = by_threshold(value, holdout)
    known = _known(spec)
    later = None if known is None else by_threshold(value, _binned(known, len(curve) - 1))
    points = tuple(
        ThresholdPoint(
            threshold=place / (len(curve) - 1),
            promised=float(curve[place]),
            realised=None if later is None else float(later[place]),
        )
        for place in range(0, len(curve), _STEP)
    )
    best = int(np.argmax(curve)) / (len(curve) - 1)
    promised = float(curve.max() - curve[round(spec.threshold * (len(curve) - 1))])
    if abs(best - spec.threshold) < _LITTLE or promised <= 0:
        return report(points=points, reason="The present threshold is the best on the holdout.")
    return _confirmed(partial(report, points=points), spec, value, best, promised, known)


def _confirmed(
    report: Callable[..., ThresholdReport],
    spec: ValueSpec,
    value: Value,
    best: float,
    promised: float,
    known: Predictions | None,
) -> ThresholdReport:
    """The proposal of `best`, which gains `promised` a row on the holdout, where the `known` outcomes bear it out."""
    gain = f"{money(promised, safe(value.unit, 20), signed=True)} a row on the holdout"
    if known is None or len(known) < spec.definition.monitoring.min_rows:
        few = counted(0 if known is None else len(known), "known outcome")
        return report(proposed=best, reason=f"{gain}; {few} cannot confirm it yet.")
    change = value_of_claims(value, known, known.chance() >= best)
    change -= value_of_claims(value, known, known.chance() >= spec.threshold)
    mean = float(change.mean())
    found = from_influence(mean, change - mean, single_rows(len(change)), _ALPHA, "paired")
    confirmed = f"{gain}, {money(mean, safe(value.unit, 20), signed=True)} on {counted(len(known), 'known outcome')}"
    span = f" ({rounded(found.interval[0])} to {rounded(found.interval[1])})" if found.known else ""
    return report(
        proposed=best if mean > 0 else None,
        reason=f"{confirmed}{span}." if mean > 0 else f"Not proposed: {confirmed}{span}.",
        rows=len(known),
        gain=mean,
        interval=found.interval if found.known else None,
    )


def _known(spec: ValueSpec) -> Predictions | None:
    """The champion's predictions whose actuals are known; None without probabilities."""
    if not spec.inference or spec.champion is None:
        return None
    how = {"task": spec.task, "classes": spec.classes, "positive": spec.positive, "version": spec.champion}
    stored = join_truth(spec.inference, spec.actuals, **how)  # type: ignore[arg-type]
    known = None if stored is None else stored.predictions.known()
    return known if known is not None and len(known) and known.probability is not None else None


def _binned(known: Predictions, bins: int) -> Outcomes:
    places = np.minimum((known.chance() * bins).astype(np.intp), bins - 1)
    positive = known.is_positive()
    return Outcomes(
        rows=len(known),
        positives=tuple(np.bincount(places[positive], minlength=bins).tolist()),
        negatives=tuple(np.bincount(places[~positive], minlength=bins).tolist()),
    )
