"""Fairness: whether the groups of a declared column are chosen, and rightly chosen, alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopfloor.domain.definition import Task
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import interval, percent, rounded, significant
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_context import CheckContext, KnownOutcomes
from shopfloor.monitoring.records import FAIRNESS
from shopfloor.monitoring.sliced import row_blocks, row_micros
from shopfloor.statistics.arrays import Codes, Mask
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.false_discovery import benjamini_hochberg
from shopfloor.statistics.paired import Comparison, from_influence
from shopfloor.statistics.predictions import Predictions
from shopfloor.statistics.slices import LEAST_CLASS_ROWS, LEAST_ROWS, blocks_of, slices_of

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 0.1
"""A difference of rates beyond this is commonly called unfair (AI Fairness 360: fair from -.1 to .1)."""
SELECTION, TRUE_POSITIVES = "selection rate", "true-positive rate"
_TAIL = 0.025
_CAUSE = (
    "The model, its threshold or its data treat the group otherwise. A person decides what is fair: compare the "
    "groups' rates of the target, and whether a feature stands for the group."
)


class _Gap(NamedTuple):
    """The rate of a group and of all others, and their difference with a 95 % interval."""

    level: str
    measure: str
    rows: int
    rate: float
    others: float
    difference: Comparison


class Fairness:
    """Whether a group's selection rate or true-positive rate differs from that of all others.

    One result for each column that the definition names (`fairness` in `[monitoring]`). `value` is the greatest
    absolute difference, `limit` .1. `SHIFTED`
    needs more than that and evidence: a t test with errors by blocks (days, else hours), corrected for all groups and
    both rates (Benjamini-Hochberg). A group of few rows (of few positives), or of fewer than 12 blocks, is not judged;
    where none is left the answer is `UNKNOWN`.
    """

    name = FAIRNESS

    def run(self, context: CheckContext) -> list[CheckResult]:
        """None without declared columns, or where the delivery brings no labels."""
        rows, labelled = context.labels, context.labelled
        if rows is None or labelled is None or labelled.places is None:
            return []
        frame = rows.frame.loc[labelled.places]
        return [_judged(column, frame, labelled, context) for column in context.settings.fairness]


def _judged(column: str, frame: pd.DataFrame, labelled: KnownOutcomes, context: CheckContext) -> CheckResult:
    unknown = context.too_few(len(labelled)) or _unusable(column, frame, labelled.predictions)
    gaps = [] if unknown else list(_gaps(column, frame, labelled.predictions, context.definition.time))
    if not gaps:
        reason = unknown or "no group has enough rows and days"
        message = f"Fairness by {safe(column, 60)}: inconclusive, {reason}."
        return context.result(FAIRNESS, labelled, CheckVerdict.UNKNOWN, message, rows=len(labelled), feature=column)
    p_values = benjamini_hochberg([min(2 * min(one.difference.p_better, one.difference.p_worse), 1.0) for one in gaps])
    level = context.settings.false_discovery_rate
    pairs = sorted(zip(gaps, p_values, strict=True), key=lambda one: -abs(one[0].difference.gain))
    unfair = [one for one in pairs if abs(one[0].difference.gain) > LIMIT and one[1] <= level]
    (leading, p_value), *_ = unfair or pairs
    found = f"{safe(column, 60)} = {_named(leading)}"
    message = f"No group of {safe(column, 60)} is treated otherwise by more than {rounded(LIMIT)}; greatest: {found}."
    if unfair:
        more = f" {counted(len(unfair) - 1, 'more difference')} beyond the limit." if len(unfair) > 1 else ""
        message = f"Groups are treated otherwise: {found}, limit {rounded(LIMIT)}.{more}"
    return context.result(
        FAIRNESS,
        labelled,
        CheckVerdict.SHIFTED if unfair else CheckVerdict.OK,
        message,
        rows=len(labelled),
        feature=column,
        value=significant(abs(leading.difference.gain)),
        limit=LIMIT,
        p_value=p_value,
        evidence={
            "groups": [_kept(one, p_value) for one, p_value in pairs],
            "false_alarms": level,
            "cause": _CAUSE,
            "actions": ["ack", "snooze"],
        },
    )


def _unusable(column: str, frame: pd.DataFrame, predictions: Predictions) -> str:
    if column not in frame:
        return "the delivery has no such column"
    return "" if predictions.task is Task.BINARY else "rates need a target of two classes"


def _gaps(column: str, frame: pd.DataFrame, predictions: Predictions, time: str | None) -> Iterator[_Gap]:
    blocks = row_blocks(row_micros(frame, time), len(frame))
    chosen, known = predictions.predicted == predictions.positive, frame[column].notna().to_numpy(dtype=bool)
    every, positive = np.ones(len(frame), dtype=bool), predictions.is_positive()
    for _, level, index in slices_of(frame[[column]], frozenset()):
        for measure, counted_in, least in (
            (SELECTION, every, LEAST_ROWS),
            (TRUE_POSITIVES, positive, LEAST_CLASS_ROWS),
        ):
            group = np.zeros(len(frame), dtype=bool)
            group[index] = True
            gap = _gap(level, measure, chosen, (group & counted_in, known & ~group & counted_in), blocks, least)
            if gap is not None:
                yield gap


def _gap(level: str, measure: str, chosen: Mask, sides: tuple[Mask, Mask], blocks: Blocks, least: int) -> _Gap | None:
    group, others = sides
    rows, rest = int(group.sum()), int(others.sum())
    places: Codes = np.flatnonzero(group)
    if min(rows, rest) < least or blocks_of(blocks, places) is None:
        return None
    rate, other = float(chosen[group].mean()), float(chosen[others].mean())
    influence = np.where(group, (chosen - rate) / rows, 0.0) - np.where(others, (chosen - other) / rest, 0.0)
    difference = from_influence(rate - other, influence * len(chosen), blocks, _TAIL, measure)
    return _Gap(level, measure, rows, rate, other, difference) if difference.known else None


def _named(one: _Gap) -> str:
    shown = f"{safe(one.level, 40)}: {one.measure} {percent(one.rate)}, others {percent(one.others)}"
    gap = f"difference {rounded(one.difference.gain)} {interval(one.difference.interval)}"
    return f"{shown}, {gap} on {counted(one.rows, 'row')}"


def _kept(one: _Gap, p_value: float) -> dict[str, object]:
    return {
        "level": one.level,
        "measure": one.measure,
        "rows": one.rows,
        "rate": significant(one.rate),
        "others": significant(one.others),
        "difference": significant(one.difference.gain),
        "interval": [significant(bound) for bound in one.difference.interval],
        "p_value": p_value,
    }


CHECK = Fairness()
