"""Simulated recipes on blocks of days: what each block says of challenger against champion."""

from __future__ import annotations

import numpy as np

from shopfloor.statistics.block_test import BlockGain, block_gain, over_blocks
from shopfloor.statistics.metrics import find
from shopfloor.statistics.paired import Comparison
from shopfloor.statistics.predictions import Predictions, classification, regression

SHIFT = 1.19
"""Distance of the class means that gives an AUC of .80."""
DAYS = 30
_PER_SHIFT = 0.198
"""What a unit of `SHIFT` is worth in AUC, there."""
_ROWS = 0.007
"""Standard error by rows of the difference of two AUCs on 2,000 rows (correlation .87 within class, 20 % positives)."""
_DAY = _ROWS * DAYS**0.5 / _PER_SHIFT
_BLOCK = _ROWS / _PER_SHIFT
"""Days add as much as rows do at 2,000 (a design effect of 2), blocks half of both together, as measured on flights."""

AUC, RMSE = find("roc_auc"), find("neg_root_mean_squared_error")


def auc_block(random: np.random.Generator, rows: int, better: float = 0.0) -> BlockGain:
    """One block of `rows`; the challenger's expected AUC is `better`, and both recipes are fitted anew at each
    block.
    """
    truth = (random.random(rows) < 0.2).astype(np.intp)
    day = np.sort(random.integers(0, DAYS, rows)).astype(np.intp)
    apart = better / _PER_SHIFT + _BLOCK * random.normal() + _DAY * random.normal(size=DAYS)[day]
    common = random.normal(size=rows) * 0.87**0.5
    # Half to each side: both then lose alike by days that differ, and recipes of equal merit have equal AUC.
    scores = [(SHIFT + extra / 2) * truth + common + random.normal(size=rows) * 0.13**0.5 for extra in (apart, -apart)]
    return block_gain(AUC, _classes(truth, scores[0]), _classes(truth, scores[1]), day)


def _classes(truth: np.ndarray, score: np.ndarray) -> Predictions:
    chance = 1 / (1 + np.exp(-score))
    return classification(
        truth, (chance >= 0.5).astype(np.intp), np.column_stack([1 - chance, chance]), classes="ab", positive=1
    )


def rmse_block(random: np.random.Generator, rows: int, better: float = 0.0) -> BlockGain:
    """The same for errors of a regression with heavy tails, `better` by a share of the error; blocks differ in size
    of error.
    """
    day = np.sort(random.integers(0, DAYS, rows)).astype(np.intp)
    size = np.exp(0.5 * random.normal())
    apart = -better + 0.02 * random.normal() + 0.1 * random.normal(size=DAYS)[day]
    common = random.standard_t(5, size=rows)
    target = random.normal(0, 10, rows)
    errors = [size * (0.8 * common + 0.6 * random.standard_t(5, size=rows)) for _ in range(2)]
    new, old = (
        regression(target, target + errors[0] * np.exp(apart / 2)),
        regression(target, target + errors[1] * np.exp(-apart / 2)),
    )
    return block_gain(RMSE, new, old, day)


def promoted(gains: list[BlockGain], alpha: float, least: float) -> bool:
    """Whether the newest twelve of `gains` promote at the level `alpha`."""
    found: Comparison = over_blocks(gains[-12:], alpha)
    return found.better(alpha) and found.gain >= least
