"""The promotion test: a gain must hold within blocks of rows and over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shopfloor.domain.definition import Task
from shopfloor.statistics.arrays import Array, Codes, Floats, np
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.metric import Measured, Metric
from shopfloor.statistics.paired import Comparison, from_influence, studentised
from shopfloor.statistics.predictions import Predictions

FEWEST_BLOCKS = 3
"""Fewer cannot be tested over."""
ENOUGH_BLOCKS = 5
"""Fewer say too little of their own spread: then the error within them is widened instead."""
MOST_BLOCKS = 12
"""Older blocks tell of another time."""
LEAST_ROWS = 100
LEAST_CLASS_ROWS = 5
FOLDS = 5

_WIDER = 1.5


def merged_blocks(delivery: Codes, scored: Predictions) -> Codes:
    """The block of each row, (n,): 0 is the oldest of the newest `MOST_BLOCKS`, and -1 a row before them.

    `delivery` numbers the delivery of each row, ascending with time. A block is a delivery; one with fewer than
    `LEAST_ROWS` rows (or, for classes, `LEAST_CLASS_ROWS` of the second largest) is merged with those before it.
    """
    found, place = np.unique(delivery, return_inverse=True)
    counts = _counts(place, scored, len(found))
    starts: list[int] = []
    held = np.zeros_like(counts[0]) if len(counts) else counts
    for one in reversed(range(len(found))):
        held = held + counts[one]
        if _enough(held):
            starts.insert(0, one)
            held = np.zeros_like(held)
    # The oldest rows may be too few for a block of their own: they belong to the one after them.
    numbers = np.maximum(np.searchsorted(starts, np.arange(len(found)), side="right") - 1, 0)
    numbers -= max(0, len(starts) - MOST_BLOCKS)
    coded: Codes = np.maximum(numbers, -1)[place]
    return coded


def _counts(place: Codes, scored: Predictions, count: int) -> Codes:
    """Rows of each class in each delivery, (deliveries, classes); numbers are one class."""
    if not scored.task.classification:
        return np.bincount(place, minlength=count)[:, None]
    classes = len(scored.classes)
    known = scored.truth >= 0
    cells = place[known] * classes + scored.truth[known]
    return np.bincount(cells, minlength=count * classes).reshape(count, classes)


def _enough(held: Codes) -> bool:
    second = int(np.sort(held)[-2]) if len(held) > 1 else LEAST_CLASS_ROWS
    return int(held.sum()) >= LEAST_ROWS and second >= LEAST_CLASS_ROWS


def complete_blocks(delivery: Codes) -> tuple[int, ...]:
    """The delivery at which each block of `LEAST_ROWS` rows is complete, ascending; `delivery` numbers that of each
    row, (n,).
    """
    found, rows = np.unique(delivery, return_counts=True)
    complete, held = [], 0
    for one, count in zip(found.tolist(), rows.tolist(), strict=True):
        held += count
        if held >= LEAST_ROWS:
            complete.append(one)
            held = 0
    return tuple(complete)


def hash_folds(keys: Array) -> Codes:
    """The block of each row where rows have no time: `FOLDS` folds by the hash that is its key, (n,) of uint64."""
    return np.asarray((keys >> np.uint64(32)) % np.uint64(FOLDS), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class BlockGain:
    """What one block says: the gain, its standard error, and from how many `unit`s of rows that comes.

    Of a regression the gain is the logarithm of the ratio of the errors, and `scale` the champion's error: a hard
    block has large errors on both sides. A gain of log 1 is `scale` in units of the metric.
    """

    gain: float
    error: float
    units: int
    unit: str
    scale: float = 1.0


def block_test(
    metric: Metric, challenger: Predictions, champion: Predictions, block: Codes, day: Codes | None, *, alpha: float
) -> Comparison | None:
    """Challenger minus champion by `metric`, as the mean over blocks of rows; None where blocks cannot tell.

    `block` numbers the block of each row from 0, (n,), -1 for a row that is of none; `day` its day, None without
    times (then rows are the units). Scores of different blocks are never pooled: between blocks both sides rise and
    fall together. See `over_blocks`.
    """
    blocks = int(block.max(initial=-1)) + 1
    if blocks < FEWEST_BLOCKS or not metric.smooth:
        return None
    parts = [np.flatnonzero(block == one) for one in range(blocks)]
    found = [
        block_gain(metric, challenger.take(part), champion.take(part), None if day is None else day[part])
        for part in parts
    ]
    return over_blocks(found, alpha)


def block_gain(metric: Metric, challenger: Predictions, champion: Predictions, day: Codes | None) -> BlockGain:
    """Challenger minus champion on the rows of one block; the error from the sums of influences on the score (DeLong's
    placements for an AUC) by day, so that rows of one day are no independent evidence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        new, old = metric.measure(challenger), metric.measure(champion)
        scale = 1.0
        if challenger.task is Task.REGRESSION:
            best = 1.0 if metric.share_of_variance else 0.0
            new, old, scale = _logarithm(best, new), _logarithm(best, old), best - old.score
        units = _units(len(challenger), day)
        influence, other = new.influence(), old.influence()
        assert influence is not None
        assert other is not None
        found = from_influence(new.score - old.score, influence - other, units, 0.5, "")
    return BlockGain(found.gain, found.error, found.units, found.unit, scale)


def _units(rows: int, day: Codes | None) -> Blocks:
    """Days where the block has several, else single rows."""
    if day is not None:
        distinct, code = np.unique(day, return_inverse=True)
        if 1 < len(distinct) < rows:
            return Blocks(code=code.astype(np.intp), count=len(distinct), unit="day")
    return Blocks(code=None, count=rows, unit="row")


def _logarithm(best: float, measured: Measured) -> Measured:
    """Minus the logarithm of the error, which is what a score lacks of the best one."""
    influence = measured.influence()
    assert influence is not None
    error = best - measured.score
    return Measured(-float(np.log(error)), slope=lambda: influence / error)


def over_blocks(found: Sequence[BlockGain], alpha: float) -> Comparison:
    """The mean gain of blocks, in units of the metric, and the larger p value of two t tests.

    *Within blocks*: the errors of the blocks, as if blocks differed by them alone; units - 1 degrees of freedom a
    block. *Over blocks*: the gains as they are. With fewer than `ENOUGH_BLOCKS` the error within blocks is widened by
    half, and every block must agree.
    """
    gains = np.array([one.gain for one in found])
    count, mean = len(gains), float(gains.mean())
    within = float(np.sqrt(np.sum([one.error**2 for one in found]))) / count
    freedom = sum(one.units - 1 for one in found)
    units = " or ".join(dict.fromkeys(f"{one.unit}s" for one in found))
    if count < ENOUGH_BLOCKS:
        method = f"t test of {units} within blocks, widened, as fewer than {ENOUGH_BLOCKS} blocks must all agree"
        both = _agreeing(gains, studentised(mean, _WIDER * within, count, alpha, method, freedom, "block"))
    else:
        inside = studentised(mean, within, count, alpha, "", freedom)
        over = studentised(mean, float(gains.std(ddof=1)) / count**0.5, count, alpha, "")
        both = Comparison(
            gain=mean,
            error=max(inside.error, over.error),
            units=count,
            p_better=max(inside.p_better, over.p_better),
            p_worse=max(inside.p_worse, over.p_worse),
            interval=(min(inside.interval[0], over.interval[0]), max(inside.interval[1], over.interval[1])),
            method=f"t tests of {units} within blocks and of blocks",
            unit="block",
        )
    return both.times(float(np.mean([one.scale for one in found])))


def _agreeing(gains: Floats, found: Comparison) -> Comparison:
    """Few blocks: what not every block says is not shown."""
    return replace(
        found,
        p_better=found.p_better if (gains > 0).all() else 1.0,
        p_worse=found.p_worse if (gains < 0).all() else 1.0,
    )
