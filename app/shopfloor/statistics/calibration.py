"""Calibration: does a chance of 30 % happen in 30 of 100 cases?"""

from __future__ import annotations

from shopfloor.statistics.arrays import Floats, Mask, np
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.paired import Comparison, from_influence
from shopfloor.statistics.predictions import Predictions

BINS = 10


def expected_error(predictions: Predictions) -> float:
    """Expected calibration error over `BINS` bins of equal size, from 0 to 1."""
    return _parts(predictions)[0]


def increase(challenger: Predictions, champion: Predictions, blocks: Blocks, alpha: float) -> Comparison:
    """Challenger's calibration error minus the champion's; above 0 the challenger is worse.

    Error of a bin: |mean chance - share that happened|, weighted by rows (Naeini et al. 2015,
    AAAI; for many classes the chance of the predicted class, Guo et al. 2017, ICML). Both models
    have equally large bins, so the upward bias of small bins cancels. With bins and their signs
    fixed, a row contributes sign * (chance - happened), which gives the paired error.
    """
    error, influence = _parts(challenger)
    other, other_influence = _parts(champion)
    return from_influence(error - other, influence - other_influence, blocks, alpha, "paired test")


def _parts(predictions: Predictions) -> tuple[float, Floats]:
    chance, happened = _claims(predictions)
    gap = chance - happened
    order = np.argsort(chance, kind="stable")
    bins = np.empty(len(gap), dtype=np.intp)
    bins[order] = np.arange(len(gap)) * BINS // len(gap)
    # Equal chances must share a bin, or the order of the file would matter.
    _, group = np.unique(chance, return_inverse=True)
    first = np.full(int(group.max()) + 1, BINS, dtype=np.intp)
    np.minimum.at(first, group, bins)
    bins = first[group]
    sign = np.sign(np.bincount(bins, weights=gap, minlength=BINS))
    contribution = sign[bins] * gap
    error = float(contribution.mean())
    return error, contribution - error


def _claims(predictions: Predictions) -> tuple[Floats, Mask]:
    if len(predictions.classes) == 2:
        return predictions.chance(), predictions.is_positive()
    table = predictions.probabilities()
    top = table.argmax(axis=1)
    return table[np.arange(len(top)), top], np.asarray(top == predictions.truth)
