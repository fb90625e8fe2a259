"""Calibration: does a chance of 30 % happen in 30 of 100 cases?"""

from __future__ import annotations

import numpy as np

from shopfloor.release.blocks import Blocks
from shopfloor.release.paired import Comparison, from_influence
from shopfloor.release.scored import BoolArray, FloatArray, Scored

BINS = 10


def expected_error(scored: Scored) -> float:
    """Expected calibration error over `BINS` bins of equal size, from 0 to 1."""
    return _parts(scored)[0]


def increase(challenger: Scored, champion: Scored, blocks: Blocks, alpha: float) -> Comparison:
    """Challenger's calibration error minus the champion's; a gain above 0 is harm.

    Error of a bin: |mean chance - share that happened|, weighted by rows (Naeini et al. 2015,
    AAAI; for many classes the chance of the predicted class, Guo et al. 2017, ICML). Both models
    have equally large bins, so the upward bias of small bins cancels. With bins and their signs
    fixed, a row contributes sign * (chance - happened), which gives the paired error.
    """
    error, pull = _parts(challenger)
    other, other_pull = _parts(champion)
    return from_influence(error - other, pull - other_pull, blocks, alpha, "paired test")


def _parts(scored: Scored) -> tuple[float, FloatArray]:
    chance, happened = _claims(scored)
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


def _claims(scored: Scored) -> tuple[FloatArray, BoolArray]:
    if scored.classes == 2:
        return scored.chance(), scored.target_code == scored.positive
    table = scored.probabilities()
    top = table.argmax(axis=1)
    return table[np.arange(len(top)), top], np.asarray(top == scored.target_code)
