"""Multivariate drift: whether columns hang together as they did, though each may look as before."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import rounded, significant
from shopfloor.domain.text import counted, first_of, safe
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.joint import MOST_ROWS, Told, joined, rank_columns, ranks_of, tell_apart
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.records import MULTIVARIATE_DRIFT, JointReference
from shopfloor.monitoring.thresholds import prediction_limit
from shopfloor.statistics.arrays import evenly

_BREAK = 0.75
_NAMED = 3
_KEPT = 10
_NORMAL = 1.96
_ONE_SIDED = 1.645
_NOTHING = Told(0.5, 0.0, ())


class MultivariateDrift:
    """Whether a classifier can tell the rows from the reference's by combinations of two columns (`monitoring.joint`).

    `value` is the area under its ROC curve on rows that it has not learned, .5 where it cannot. `SHIFTED` needs half
    of `min_effect` more, more than the reference's stretches of time differ and deliveries that were in order did, and
    evidence. Of many rows it takes 2,000, evenly spaced. `UNKNOWN` for few rows, or where twice the limit cannot be
    ruled out.
    """

    name = MULTIVARIATE_DRIFT

    def run(self, context: CheckContext) -> list[Measurement]:
        """One answer; none without rows, for a version that keeps none of its own, or with one column."""
        rows, joint = context.inputs, context.reference.joint
        if rows is None or joint is None or len(joint.columns) < 2:
            return []
        return [_measured(rows, joint, context)]


CHECK = MultivariateDrift()


def _measured(rows: InputRows, joint: JointReference, context: CheckContext) -> Measurement:
    features = [one for one in joined(context.reference.features) if one.name in joint.columns]
    unknown, told = too_few(len(rows), joint.rows, context.settings.min_rows), None
    if not unknown:
        places = evenly(len(rows.frame), MOST_ROWS)
        now = rank_columns(rows.frame.iloc[places], features)
        told = tell_apart(ranks_of(joint), now, features)
        unknown = "" if told is not None else "fewer than two columns have values that differ"
    told = told or _NOTHING
    limit = _limit(rows, joint, context)
    if not unknown and told.area <= limit and told.area + _ONE_SIDED * told.error > 2 * limit - 0.5:
        unknown = f"{counted(len(rows), 'row')} are too few to rule out twice the limit"
    pairs = [f"{safe(one, 60)} with {safe(other, 60)}" for one, other in told.pairs]

    def message(result: CheckResult) -> str:
        if unknown:
            return f"Columns together: inconclusive, {unknown}."
        shown = f"area under the curve {rounded(told.area)} ± {rounded(_NORMAL * told.error)}, limit {rounded(limit)}"
        if result.verdict is CheckVerdict.OK:
            return f"The columns hang together as before: a classifier cannot tell the rows apart ({shown})."
        named = first_of(pairs, _NAMED)
        return f"Columns hang together in another way: {named}. A classifier tells the rows apart by that ({shown})."

    return Measurement(
        check=MULTIVARIATE_DRIFT,
        sample=rows,
        feature=None,
        rows=len(rows),
        findings=(Finding(MULTIVARIATE_DRIFT, told.area, limit, is_break=told.area >= _BREAK),),
        p_value=None if unknown else told.p_value,
        unknown=unknown,
        evidence={
            "reference_rows": joint.rows,
            "interval": [significant(told.area - _NORMAL * told.error), significant(told.area + _NORMAL * told.error)],
            "pairs": [list(pair) for pair in told.pairs[:_KEPT]],
            "cause": "Columns that belong together were mixed up, or the rows come from another source."
            if told.area > limit
            else "",
        },
        message=message,
    )


def _limit(rows: InputRows, joint: JointReference, context: CheckContext) -> float:
    past = [
        result.value
        for result in context.earlier(MULTIVARIATE_DRIFT, None, rows.source)
        if result.verdict is CheckVerdict.OK and result.value is not None
    ]
    usual = prediction_limit([max(one - 0.5, 0.0) for one in (*joint.usual, *past)])
    return min(0.5 + max(context.settings.min_effect / 2, usual), 1.0)
