"""Which holdout rows may judge: labelled, later than both trainings, answered by both models."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from shopfloor.domain import numbers
from shopfloor.domain.codec import utc
from shopfloor.domain.errors import DataError
from shopfloor.domain.text import counted
from shopfloor.release.records import GateSpec
from shopfloor.statistics.arrays import Codes, Floats, Mask
from shopfloor.statistics.blocks import DAY, Blocks, choose
from shopfloor.statistics.frames import moments, read_predictions
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Eligible:
    """The rows that judge, as both models answered them, and how they were chosen.

    `unanswered` counts eligible rows the challenger gave no usable answer for (they are not in
    the arrays), `delivery` numbers the delivery that brought a row, (n,), and `day` its day, None where unknown;
    `detail` says in words how many rows were used and why the others were not.
    """

    frame: pd.DataFrame
    challenger: Predictions
    champion: Predictions | None
    blocks: Blocks
    unanswered: int
    delivery: Codes | None
    day: Codes | None
    detail: str

    @property
    def rows(self) -> int:
        """Rows that judge."""
        return len(self.challenger)


def select(
    spec: GateSpec,
    holdout: pd.DataFrame,
    target: pd.Series[Any] | Floats,
    challenger: pd.DataFrame,
    champion: pd.DataFrame | None,
    time: pd.Series[Any] | None,
    delivery: Codes | None = None,
) -> Eligible:
    """Choose the rows that may judge.

    With a split by time (`spec.by_time`) a row must be strictly later than both trainings, unless no fit that answered
    had seen it. With a split by hash every holdout row is kept out of every training, so all may judge.
    Raises `DataError` when the tables do not have the same rows.
    """
    import pandas as pd

    truth = pd.Series(target)
    _check_lengths(holdout, truth, *(one for one in (time, delivery) if one is not None))
    new = _read(spec, challenger, truth)
    old = None if champion is None else _read(spec, champion, truth)
    stamps = None if time is None else moments(time)
    labelled = new.labelled()
    late, limit = _late(spec, stamps, len(truth))
    candidates = labelled & late
    answered = new.sound()
    both = answered if old is None else answered & old.sound()
    keep = np.flatnonzero(candidates & both)
    unanswered = int(np.count_nonzero(candidates & ~answered))
    skipped = int(np.count_nonzero(candidates & answered & ~both))
    notes = [
        _timing(int(late.sum()), len(truth), limit, spec),
        _count_note(int(np.count_nonzero(late & ~labelled)), "without a usable target"),
        _count_note(skipped, "that the champion could not score"),
    ]
    frame = holdout.iloc[keep]
    moment = None if stamps is None else stamps[0][keep]
    return Eligible(
        frame=frame,
        challenger=new.take(keep),
        champion=None if old is None else old.take(keep),
        blocks=choose(moment, _segment(spec, frame), len(keep)),
        unanswered=unanswered,
        delivery=None if delivery is None else delivery[keep],
        day=None if moment is None else moment // DAY,
        detail="; ".join(note for note in notes if note),
    )


def _check_lengths(*tables: Sized) -> None:
    if len({len(one) for one in tables}) != 1:
        raise DataError(
            "Holdout rows, targets, times and deliveries differ in number.",
            hint="Pass them row by row, in the same order.",
            code="holdout_rows",
        )


def _read(spec: GateSpec, frame: pd.DataFrame, truth: pd.Series[Any]) -> Predictions:
    return read_predictions(frame, truth, task=spec.task, classes=spec.classes, positive=spec.positive)


def _late(spec: GateSpec, stamps: tuple[Codes, Mask] | None, count: int) -> tuple[Mask, datetime | None]:
    """Rows later than both trainings and the newest training moment (None: not filtered)."""
    everything: Mask = np.ones(count, dtype=np.bool_)
    if spec.holdout_from is None or not spec.by_time or stamps is None:
        return everything, None
    moment, known = stamps
    late = known & (moment >= _micros(spec.holdout_from))
    trainings = [utc(end) for end in (spec.challenger_trained_until, spec.champion_trained_until) if end is not None]
    if not trainings:
        return late, None
    return late & (moment > _micros(max(trainings))), max(trainings)


def _micros(moment: datetime) -> int:
    return int(np.datetime64(utc(moment).replace(tzinfo=None), "us").astype(np.int64))


def _timing(late: int, total: int, limit: datetime | None, spec: GateSpec) -> str:
    rows = f"{numbers.count(late)} of {counted(total, 'holdout row')}"
    whom = "the training" if spec.champion_version is None else "both trainings"
    if limit is not None:
        return f"{rows} later than {whom} ({_day(limit)})"
    if spec.unseen:
        return f"{rows}, each answered by fits that had not seen it"
    if spec.by_time:
        return f"{rows}; when the training ended is not known"
    return f"{rows}, kept out of {whom} by a hash of their key"


def _day(moment: datetime) -> str:
    """`2013-04-30`, with the time of day where there is one."""
    bare = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return f"{moment:%Y-%m-%d}" if bare else f"{moment:%Y-%m-%d %H:%M}"


def _count_note(count: int, what: str) -> str:
    return f"{counted(count, 'row')} {what} left out" if count else ""


def _segment(spec: GateSpec, frame: pd.DataFrame) -> Codes | None:
    keys = [key for key in spec.definition.segment_by if key in frame.columns]
    if not keys or not len(frame):
        return None
    return np.asarray(frame.groupby(keys, sort=False, dropna=False).ngroup(), dtype=np.intp)
