"""Training-serving skew: logged inputs, answered again, against the logged answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, level, rounded, significant
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_context import CheckContext, RescoredAnswers
from shopfloor.monitoring.records import TRAINING_SERVING_SKEW
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.frames import PREDICTION, PROBABILITY

if TYPE_CHECKING:
    import pandas as pd

RELATIVE, ABSOLUTE = 1e-6, 1e-8
"""What sums of floats in another order may differ by: rows are answered singly, in batches and in files."""
SERVED = "served prediction"
_KEPT = 20
_NAMED = 3
_CAUSE = (
    "The log, the artifact or the code that answers is not what it was. shopfloor doctor --deep proves log and "
    "artifact; if they are whole, compare the libraries of the serving machine with those of the run."
)


class TrainingServingSkew:
    """Whether the stored version says of logged inputs what was answered.

    `value` is the share of rows that differ beyond rounding, `limit` 0. It is no test of a sample: the same model says
    the same, so one row is proof, and chance raises no false alarm. Rows that humility overrode or refused are
    compared by the model's own answer, and counted.
    """

    name = TRAINING_SERVING_SKEW

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result; none where nothing was predicted since the last run."""
        found = context.rescored
        return [] if found is None else [_judged(found, context)]


def _judged(found: RescoredAnswers, context: CheckContext) -> CheckResult:
    names, sizes = _sizes(found)
    differing = int((sizes > 0).any(axis=1).sum())
    few = context.too_few(len(found))
    verdict = CheckVerdict.SHIFTED if differing else CheckVerdict.UNKNOWN if few or found.fault else CheckVerdict.OK
    greatest = _greatest(found, names, sizes)
    return context.result(
        TRAINING_SERVING_SKEW,
        found,
        verdict,
        _message(found, differing, greatest, few, context.model_version),
        rows=len(found),
        value=significant(differing / len(found)) if len(found) else None,
        limit=0.0,
        is_break=differing > 0,
        evidence={
            "differing": differing,
            "humble": found.humble,
            "tolerance": RELATIVE,
            "differences": greatest,
            "false_alarms": 0.0,
            "cause": _CAUSE,
            "actions": ["ack", "snooze"],
        },
    )


def _sizes(found: RescoredAnswers) -> tuple[list[str], Floats]:
    """By how much each cell differs, (n, columns), 0 within rounding and 1 for another label."""
    logged, again = found.logged, found.again
    settled = _settled(again)
    columns = {str(name): _apart(logged[name], again[name], settled) for name in logged.columns if name in again}
    own = logged[PREDICTION]
    every = np.ones(len(logged), dtype=bool)
    columns[SERVED] = _apart(found.served.where(found.served.notna(), own), own, every)
    return list(columns), np.column_stack(list(columns.values()))


def _apart(one: pd.Series[Any], other: pd.Series[Any], settled: Mask) -> Floats:
    if one.dtype.kind in "fi" and other.dtype.kind in "fi":
        left, right = one.to_numpy(dtype=np.float64), other.to_numpy(dtype=np.float64)
        same = np.isclose(left, right, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        size = np.abs(left - right)
        return np.where(same, 0.0, np.where(np.isfinite(size), size, 1.0))
    same = one.eq(other).to_numpy(dtype=bool) | (one.isna() & other.isna()).to_numpy(dtype=bool)
    return np.where(same | ~settled, 0.0, 1.0)


def _settled(again: pd.DataFrame) -> Mask:
    """Rows whose label is no tie between two classes, (n,): rounding decides a tie."""
    names = [name for name in again.columns if str(name).startswith(PROBABILITY)]
    if len(names) < 2:
        return np.ones(len(again), dtype=bool)
    chances = np.sort(np.nan_to_num(again[names].to_numpy(dtype=np.float64)), axis=1)
    return np.asarray(chances[:, -1] - chances[:, -2] > RELATIVE)


def _greatest(found: RescoredAnswers, names: Sequence[str], sizes: Floats) -> list[dict[str, Any]]:
    """The rows that differ most, each by the column where it does."""
    largest = sizes.max(axis=1, initial=0.0)
    rows = np.argsort(-largest, kind="stable")[: min(_KEPT, int((largest > 0).sum()))]
    kept = []
    for row in rows:
        name = names[int(sizes[row].argmax())]
        sides = (found.served, found.logged[PREDICTION]) if name == SERVED else (found.logged[name], found.again[name])
        logged, again = (_plain(side.iloc[row]) for side in sides)
        kept.append(
            {
                "id": str(found.ids[row]),
                "column": name,
                "logged": logged,
                "again": again,
                "size": significant(float(sizes[row].max())),
            }
        )
    return kept


def _plain(value: Any) -> str | float | None:
    if isinstance(value, float | int | np.number):
        return float(value) if np.isfinite(value) else None
    return None if value is None else str(value)


def _message(
    found: RescoredAnswers, differing: int, greatest: Sequence[dict[str, Any]], few: str, version: int | None
) -> str:
    said = f"what version {version} says of the same inputs"
    humble = f" {counted(found.humble, 'row was', 'rows were')} overridden, refused or noted." if found.humble else ""
    if found.fault:
        return f"Training-serving skew: inconclusive, the logged inputs cannot be predicted again: {found.fault}."
    if differing:
        named = "; ".join(map(_named, greatest[:_NAMED]))
        more = f"; and {counted(differing - _NAMED, 'more row')}" if differing > _NAMED else ""
        of = counted(len(found), "logged answer")
        return f"Training-serving skew: {count(differing)} of {of} differ from {said}: {named}{more}.{humble}"
    if few:
        return f"Training-serving skew: inconclusive, {few}."
    return f"{counted(len(found), 'logged answer is', 'logged answers are')} {said}.{humble}"


def _named(one: dict[str, Any]) -> str:
    numbers = isinstance(one["logged"], float) and isinstance(one["again"], float)
    size = "" if not numbers else f" (by {rounded(one['size'])})"
    return f"{safe(one['id'], 40)} {safe(one['column'], 60)} {_shown(one['logged'])}, now {_shown(one['again'])}{size}"


def _shown(value: str | float | None) -> str:
    return "nothing" if value is None else level(value) if isinstance(value, float) else safe(value, 30)


CHECK = TrainingServingSkew()
