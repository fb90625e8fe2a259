"""Slices: whether some of the rows are served worse than the holdout promised, while the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import rounded, significant
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_context import CheckContext, KnownOutcomes
from shopfloor.monitoring.records import SLICES, SlicedReference, SliceReference
from shopfloor.monitoring.sliced import row_micros, slice_scores
from shopfloor.monitoring.thresholds import SAME_PROMISE
from shopfloor.statistics import metrics
from shopfloor.statistics.false_discovery import benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd

_EFFECT = 2.0
"""A slice may lose so many times `min_effect` of the model's skill: it is one of many."""
_HALF = 0.5
_CERTAIN = 0.001
_NORMAL = 1.96
_KEPT = 50
_NAMED = 3
_CAUSE = "The model fails for these rows alone: their target has changed, or what they mean is recorded differently."


class _Fall(NamedTuple):
    """How far a slice fell beyond what all rows did; `p_value` is one-sided and corrected for all slices."""

    now: SliceReference
    before: SliceReference
    fall: float
    p_value: float


class Slices:
    """Whether a slice has fallen by itself.

    A slice is a common value of a column, of the model or not. `value` is the greatest fall against the same slice of
    the holdout, less that of all rows, `limit` what matters. `SHIFTED` needs more than that and evidence: a t test
    with errors by blocks (days, else hours), corrected for all slices (Benjamini-Hochberg), at a fifth of the
    false-discovery rate. A slice of few rows, of few rows in a class, or of fewer than 12 blocks is not judged; where
    none is left the answer is `UNKNOWN`.
    """

    name = SLICES

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result about the delivery's labelled rows; none without them, or where the holdout had no slices."""
        rows, labelled, sliced = context.labels, context.labelled, context.reference.sliced
        if rows is None or labelled is None or labelled.places is None or sliced is None or not sliced.slices:
            return []
        return [_judged(rows.frame.loc[labelled.places], labelled, sliced, context)]


def _judged(
    frame: pd.DataFrame, labelled: KnownOutcomes, sliced: SlicedReference, context: CheckContext
) -> CheckResult:
    falls = [] if context.too_few(len(labelled)) else _falls(frame, labelled, sliced, context)
    limit = _EFFECT * context.settings.min_effect * sliced.skill
    level = SAME_PROMISE * context.settings.false_discovery_rate
    fallen = [one for one in falls if one.fall > limit and one.p_value <= level]
    leading = (fallen or falls)[:1]
    return context.result(
        SLICES,
        labelled,
        CheckVerdict.SHIFTED if fallen else CheckVerdict.OK if falls else CheckVerdict.UNKNOWN,
        _message(falls, fallen, sliced),
        rows=len(labelled),
        value=significant(leading[0].fall) if leading else None,
        limit=significant(limit),
        p_value=leading[0].p_value if leading else None,
        is_break=any(one.fall >= _HALF * sliced.skill and one.p_value <= _CERTAIN for one in fallen),
        evidence={
            "metric": sliced.metric,
            "slices": [_kept(one) for one in falls[:_KEPT]],
            "judged": len(falls),
            "of": len(sliced.slices),
            "false_alarms": level,
            "cause": _CAUSE,
            "actions": ["retrain", "ack", "snooze"],
        },
    )


def _falls(frame: pd.DataFrame, labelled: KnownOutcomes, sliced: SlicedReference, context: CheckContext) -> list[_Fall]:
    """Each slice that can be judged, the clearest fall first."""
    metric = metrics.find(sliced.metric)
    known = {(one.column, one.level): one for one in sliced.slices}
    columns = list(dict.fromkeys(column for column, _ in known if column in frame))
    score = metric.score(labelled.predictions)
    if not columns or score is None:
        return []
    found = slice_scores(frame[columns], labelled.predictions, metric, row_micros(frame, context.definition.time))
    pairs = [(one, known[one.column, one.level]) for one in found if (one.column, one.level) in known]
    common = max(sliced.score - score, 0.0)
    by = [before.score - now.score - common for now, before in pairs]
    adjusted = benjamini_hochberg([_p_value(fall, *pair) for fall, pair in zip(by, pairs, strict=True)])
    falls = [_Fall(*pair, fall, p_value) for pair, fall, p_value in zip(pairs, by, adjusted, strict=True)]
    return sorted(falls, key=lambda one: (one.p_value, -one.fall))


def _p_value(fall: float, now: SliceReference, before: SliceReference) -> float:
    error = float(np.hypot(now.error, before.error))
    return float(special.stdtr(min(now.units, before.units) - 1, -fall / error)) if error > 0 else float(fall <= 0)


def _kept(one: _Fall) -> dict[str, object]:
    return {
        "column": one.now.column,
        "level": one.now.level,
        "rows": one.now.rows,
        "blocks": one.now.units,
        "score": significant(one.now.score),
        "interval": [significant(one.now.score + sign * _NORMAL * one.now.error) for sign in (-1, 1)],
        "before": significant(one.before.score),
        "fall": significant(one.fall),
        "p_value": one.p_value,
    }


def _message(falls: Sequence[_Fall], fallen: Sequence[_Fall], sliced: SlicedReference) -> str:
    of = counted(len(sliced.slices), "slice")
    if not falls:
        return f"Slices: inconclusive, none of {of} has enough labelled rows and days."
    few = len(sliced.slices) - len(falls)
    more = f" {counted(few, 'more has', 'more have')} too few rows or days." if few > 0 else ""
    if fallen:
        named = "; ".join(_named(one) for one in fallen[:_NAMED])
        others = f"; and {counted(len(fallen) - _NAMED, 'more slice')}" if len(fallen) > _NAMED else ""
        return f"{sliced.metric} has fallen where {named}{others}. The other rows have not.{more}"
    return f"None of {counted(len(falls), 'slice')} has fallen by itself; least sure: {_named(falls[0])}.{more}"


def _named(one: _Fall) -> str:
    name = f"{safe(one.now.column, 40)} = {safe(one.now.level, 40)}"
    now = f"{rounded(one.now.score)} ± {rounded(_NORMAL * one.now.error)} on {counted(one.now.rows, 'row')}"
    return f"{name}: {now} (on the holdout {rounded(one.before.score)} ± {rounded(_NORMAL * one.before.error)})"


CHECK = Slices()
