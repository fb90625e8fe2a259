"""Paired tests: challenger and champion on the same rows.

Every test returns a `Comparison`: the gain, one-sided p values and a two-sided interval whose
lower bound is a one-sided bound at the same `alpha` (level 1 - 2 alpha).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

from shopfloor.statistics.arrays import Codes, Floats, Mask, np
from shopfloor.statistics.auc import placements
from shopfloor.statistics.blocks import Blocks

FEW_DISCORDANT = 50
"""Below this many pairs on which the models differ, McNemar's test is exact."""

RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """`gain` = challenger - champion in units of the metric (greater is better).

    `p_better` is the chance of a gain this large if there were none, `p_worse` of a loss this
    large. `units` is the number of independent units (rows, or blocks called `unit`) behind `error`,
    the standard error of the gain.
    """

    gain: float
    error: float
    units: int
    p_better: float
    p_worse: float
    interval: tuple[float, float]
    method: str
    unit: str = "row"

    @property
    def known(self) -> bool:
        """False where the rows define no gain or no error (one class, one block)."""
        return bool(np.isfinite(self.gain) and np.isfinite(self.error))

    def times(self, scale: float) -> Comparison:
        """The same in other units."""
        low, high = self.interval
        return replace(self, gain=self.gain * scale, error=self.error * scale, interval=(low * scale, high * scale))

    def better(self, alpha: float) -> bool:
        """A gain with evidence."""
        return self.known and self.interval[0] > 0 and self.p_better <= alpha

    def worse(self, alpha: float) -> bool:
        """A loss with evidence."""
        return self.known and self.interval[1] < 0 and self.p_worse <= alpha


def studentised(
    gain: float,
    error: float,
    units: int,
    alpha: float,
    method: str,
    freedom: float | None = None,
    unit: str = "row",
) -> Comparison:
    """A t statistic with `freedom` (else `units` - 1) degrees of freedom as a `Comparison`.

    With no spread at all (`error` 0) a gain of 0 is no evidence and any other gain is certain.
    """
    # Millions of equal differences leave a rounding residue instead of a clean zero.
    error = 0.0 if error <= 1e-13 * abs(gain) else error
    if error == 0.0:
        p_better = 0.0 if gain > 0 else 1.0
        p_worse = 0.0 if gain < 0 else 1.0
        return Comparison(gain, error, units, p_better, p_worse, (gain, gain), method, unit)
    if not (np.isfinite(gain) and np.isfinite(error)) or units < 2:
        nowhere = (-float("inf"), float("inf"))
        return Comparison(gain, float("nan"), units, 1.0, 1.0, nowhere, method, unit)
    freedom = units - 1 if freedom is None else freedom
    reach = _quantile(alpha, freedom) * error
    return Comparison(
        gain=gain,
        error=error,
        units=units,
        p_better=_tail(gain / error, freedom),
        p_worse=_tail(-gain / error, freedom),
        interval=(gain - reach, gain + reach),
        method=method,
        unit=unit,
    )


def delong(positive: Mask, challenger: Floats, champion: Floats, alpha: float) -> Comparison:
    """Difference of two AUCs on the same independent rows; arrays are (n,).

    DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44:837), computed by midranks (`auc`). The
    degrees of freedom follow Welch 1947, so a handful of positives is not taken for certainty.
    """
    area, right, left = placements(challenger, positive)
    other, other_right, other_left = placements(champion, positive)
    gain, count = area - other, len(positive)
    above, below = _mean_variance(right - other_right), _mean_variance(left - other_left)
    variance = above + below
    if variance == 0 or not np.isfinite(variance):
        return studentised(gain, variance**0.5, count, alpha, "DeLong's test")
    freedom = variance**2 / (above**2 / (len(right) - 1) + below**2 / (len(left) - 1))
    return studentised(gain, variance**0.5, count, alpha, "DeLong's test", freedom)


def _mean_variance(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else float("nan")


def mcnemar(challenger: Mask, champion: Mask, alpha: float) -> Comparison:
    """Difference of two accuracies on the same independent rows; arrays say "right", (n,).

    McNemar 1947 (Psychometrika 12:153), exact (binomial) below `FEW_DISCORDANT` differing
    pairs. The interval adds half a pair to each cell (Agresti & Min 2005, Statistics in Medicine
    24:729), so two models that never differ are not taken to be equal for certain.
    """
    count = len(challenger)
    won = int(np.count_nonzero(challenger & ~champion))
    lost = int(np.count_nonzero(champion & ~challenger))
    few = won + lost < FEW_DISCORDANT
    centre = (won - lost) / (count + 2)
    spread = (won + lost + 1 - (won - lost) ** 2 / (count + 2)) ** 0.5 / (count + 2)
    reach = NormalDist().inv_cdf(1 - alpha) * spread
    return Comparison(
        gain=(won - lost) / count,
        error=spread,
        units=count,
        p_better=_sign_tail(won, lost, exact=few),
        p_worse=_sign_tail(lost, won, exact=few),
        interval=(max(-1.0, centre - reach), min(1.0, centre + reach)),
        method="McNemar's exact test" if few else "McNemar's test",
    )


def _sign_tail(won: int, lost: int, *, exact: bool) -> float:
    """P(at least `won` of won + lost fair coins)."""
    if won + lost == 0:
        return 1.0
    if not exact:
        return NormalDist().cdf((lost - won) / (won + lost) ** 0.5)
    from scipy.special import bdtrc

    return 1.0 if won == 0 else float(bdtrc(won - 1, won + lost, 0.5))


def from_influence(gain: float, influence: Floats, blocks: Blocks, alpha: float, method: str) -> Comparison:
    """A gain whose row influences, (n,), have mean 0: the variance of their (block) mean.

    For a mean of row losses and single rows this is the paired t test; with blocks the sums of
    each block are the observations (block means; for an AUC this is Obuchowski 1997, Biometrics
    53:567). Blocks may differ in size.
    """
    sums = blocks.sums(influence)
    units = blocks.count
    if units < 2:
        return studentised(gain, float("nan"), units, alpha, method, unit=blocks.unit)
    variance = float((sums**2).sum()) / len(influence) ** 2 * units / (units - 1)
    return studentised(gain, variance**0.5, units, alpha, method, unit=blocks.unit)


def bootstrap(
    gain: Callable[[Codes], float],
    count: int,
    blocks: Blocks,
    alpha: float,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Any gain: `gain(index)` is evaluated on `resamples` draws of rows (or whole blocks).

    Uses the bootstrap standard error with a t quantile rather than percentiles, because at the
    levels of many tests the tails of a few hundred draws are too thin. Draws on which
    the gain is not defined are left out. Efron & Tibshirani 1993, chapters 6 and 13; blocks as in
    `blocks.choose`. The same seed gives the same result.
    """
    random = np.random.default_rng(seed)
    draw = _row_draws(count, random) if blocks.code is None else _block_draws(blocks, random)
    values = np.array([gain(draw()) for _ in range(resamples)])
    values = values[np.isfinite(values)]
    error = float(values.std(ddof=1)) if len(values) > resamples // 2 else float("nan")
    whole = gain(np.arange(count, dtype=np.intp))
    method = "bootstrap" if blocks.code is None else f"bootstrap of {blocks.unit}s"
    return studentised(whole, error, blocks.count, alpha, method, unit=blocks.unit)


def _row_draws(count: int, random: np.random.Generator) -> Callable[[], Codes]:
    return lambda: random.integers(0, count, count, dtype=np.intp)


def _block_draws(blocks: Blocks, random: np.random.Generator) -> Callable[[], Codes]:
    assert blocks.code is not None
    order = np.argsort(blocks.code, kind="stable")
    starts = np.searchsorted(blocks.code[order], np.arange(blocks.count + 1))
    members = np.split(order, starts[1:-1])

    def draw() -> Codes:
        chosen = random.integers(0, blocks.count, blocks.count)
        return np.concatenate([members[block] for block in chosen])

    return draw


def _tail(statistic: float, freedom: float) -> float:
    from scipy.special import stdtr

    return float(stdtr(freedom, -statistic))


def _quantile(alpha: float, freedom: float) -> float:
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, alpha))
