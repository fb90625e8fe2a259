"""Calibration: does a chance of 30 % happen in 30 of 100 cases?"""

from __future__ import annotations

from msgspec.structs import replace

from shopfloor.domain.record import Record
from shopfloor.statistics.arrays import Array, Floats, Mask, np
from shopfloor.statistics.blocks import Blocks
from shopfloor.statistics.paired import Comparison, from_influence
from shopfloor.statistics.predictions import Predictions

BINS = 10
_BLOCKS = 30
_STEPS = 50
_FARTHEST = 14.0  # a chance of one in a million: beyond it a model's own rounding decides
_RIDGE = 1e-9


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
    chance, happened = claims(predictions)
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


def claims(predictions: Predictions) -> tuple[Floats, Mask]:
    """The chances that are judged, and whether it happened, (n,) each: of the positive class, or of many classes of the
    one that is predicted."""
    if len(predictions.classes) == 2:
        return predictions.chance(), predictions.is_positive()
    table = predictions.probabilities()
    top = table.argmax(axis=1)
    return table[np.arange(len(top)), top], np.asarray(top == predictions.truth)


class Recalibration(Record, frozen=True, kw_only=True):
    """What happens at a chance p: 1 / (1 + exp(-(intercept + slope * logit p))), fitted to `rows` rows.

    Intercept 0 and slope 1 are honest. Cox 1958 (Biometrika 45:562). `covariance` is that of intercept and slope
    (variance, covariance, variance): the model's, times how much more the score varies between blocks of neighbouring
    rows than single rows say (quasi-likelihood), for rows of one day share what makes them happen. `rarer` counts the
    rarer outcome, `share` is how often it happened.
    """

    intercept: float
    slope: float
    covariance: tuple[float, float, float]
    rows: int
    rarer: int
    share: float

    def happens(self, chance: Floats) -> Floats:
        """What happens in rows of these chances, (n,)."""
        return _expit(self.intercept + self.slope * _logit(chance))

    def gap(self, chance: Floats) -> tuple[float, float]:
        """How far chances are from what happens, on average, and its standard error (delta method): the integrated
        calibration index of Austin & Steyerberg 2019 (Statistics in Medicine 38:4051)."""
        happens = self.happens(chance)
        pull = np.sign(happens - chance) * happens * (1 - happens)
        slope = np.array([pull.mean(), (pull * _logit(chance)).mean()])
        return float(np.abs(happens - chance).mean()), float(np.sqrt(max(slope @ self.matrix @ slope, 0.0)))

    def drawn(self, random: np.random.Generator) -> Recalibration:
        """Another one that may as well be true: intercept and slope drawn with their covariance."""
        intercept, slope = random.multivariate_normal([self.intercept, self.slope], self.matrix)
        return replace(self, intercept=float(intercept), slope=float(slope))

    @property
    def matrix(self) -> Array:
        """The covariance, (2, 2)."""
        one, both, other = self.covariance
        return np.array([[one, both], [both, other]])


def recalibration(predictions: Predictions) -> Recalibration | None:
    """Of `known` rows in the order of time; None where only one outcome happened, or chances tell the two apart."""
    chance, happened = claims(predictions)
    count = int(happened.sum())
    if not 0 < count < len(chance):
        return None
    score = _logit(chance)
    design = np.stack([np.ones(len(score)), score], axis=1)
    found = np.array([0.0, 1.0])
    spread = np.diag([0.0, 0.0 if score.std() > _RIDGE else 1.0])  # equal chances say nothing of the slope
    for _ in range(_STEPS):
        said = _expit(design @ found)
        bread = design.T @ (design * (said * (1 - said))[:, None]) + spread + _RIDGE * np.eye(2)
        step = np.linalg.solve(bread, design.T @ (happened - said) - spread @ (found - [0.0, 1.0]))
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(found).max() > _STEPS:
            return None
        if np.abs(step).max() < _RIDGE:
            break
    covariance = np.linalg.inv(bread) * _inflation(design * (happened - said)[:, None], bread)
    return Recalibration(
        intercept=float(found[0]),
        slope=float(found[1]),
        covariance=(float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        rows=len(chance),
        rarer=min(count, len(chance) - count),
        share=count / len(chance),
    )


def differ(now: Recalibration, before: Recalibration) -> float:
    """The p-value that two samples have the same intercept and slope: Wald's test, chi-square with two degrees."""
    gap = np.array([now.intercept - before.intercept, now.slope - before.slope])
    statistic = float(gap @ np.linalg.solve(now.matrix + before.matrix, gap))
    return float(np.exp(-statistic / 2))


def _inflation(contributions: Floats, bread: Floats) -> float:
    """How many times as much the score varies between blocks as single rows say; 1 at least."""
    blocks = min(_BLOCKS, len(contributions) // 2)
    if blocks < 2:
        return 1.0
    starts = np.arange(blocks) * len(contributions) // blocks
    sums = np.add.reduceat(contributions, starts, axis=0)
    sums = sums - sums.mean(axis=0)
    meat = sums.T @ sums * blocks / (blocks - 1)
    return max(1.0, float(np.linalg.eigvals(np.linalg.solve(bread, meat)).real.max()))


def _logit(chance: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        found: Floats = np.clip(np.log(chance) - np.log1p(-chance), -_FARTHEST, _FARTHEST)
    return found


def _expit(value: Floats) -> Floats:
    return 1 / (1 + np.exp(-value))
