"""Distances between two samples in bins, what they are by chance alone, and the test that there is none."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from shopfloor.statistics.arrays import Floats

_CERTAIN = 0.999
_EXPECTED = 5.0


def psi(left: ArrayLike, right: ArrayLike) -> float:
    """Population stability index of two samples given as counts (bins,), 0 or more, symmetric.

    Half a row is added to every bin that either sample uses, so that an empty bin costs what its
    size can prove and not infinity. Without a change the mean is about (B-1)(1/n + 1/m).
    """
    a, b = _used(left, right)
    if not a.sum() or not b.sum():
        return 0.0
    p, q = (a + 0.5) / (a + 0.5).sum(), (b + 0.5) / (b + 0.5).sum()
    return float(np.sum((p - q) * np.log(p / q)))


def psi_critical(bins: int, n: float, m: float, level: float = 0.95) -> float:
    """The PSI that samples of `n` and `m` rows stay below with probability `level` without change.

    chi2(B-1) * (1/n + 1/m): Yurdakul 2018; du Pisanie et al. 2023 (arXiv 2303.01227).
    """
    if bins < 2 or n <= 0 or m <= 0:
        return 0.0
    return float(special.chdtri(bins - 1, 1.0 - level)) * (1.0 / n + 1.0 / m)


def jensen_shannon(left: ArrayLike, right: ArrayLike, *, corrected: bool = False) -> float:
    """Jensen-Shannon distance of two samples given as counts (bins,): 0 equal, 1 disjoint.

    The square root of the divergence in bits, a metric (Endres & Schindelin 2003). `corrected`
    takes off what the divergence is on average by chance, (B-1)/8 * (1/n + 1/m) nats.
    """
    a, b = _used(left, right)
    n, m = float(a.sum()), float(b.sum())
    if not n or not m:
        return 0.0
    p, q = a / n, b / m
    middle = (p + q) / 2
    nats = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / 2
    if corrected:
        nats -= (len(a) - 1) / 8 * (1 / n + 1 / m)
    return math.sqrt(min(max(float(nats) / math.log(2), 0.0), 1.0))


def jensen_shannon_critical(bins: int, n: float, m: float, level: float = _CERTAIN) -> float:
    """The corrected distance that samples stay below with probability `level` without change.

    Eight times the divergence in nats is about the PSI for small changes.
    """
    if bins < 2 or n <= 0 or m <= 0:
        return 0.0
    excess = psi_critical(bins, n, m, level) - (bins - 1) * (1 / n + 1 / m)
    return math.sqrt(min(max(excess, 0.0) / 8 / math.log(2), 1.0))


def kolmogorov_smirnov(left: ArrayLike, right: ArrayLike) -> float:
    """The greatest difference of the two cumulative shares over ordered bins, 0 to 1."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not a.sum() or not b.sum():
        return 0.0
    return float(np.abs(np.cumsum(a / a.sum()) - np.cumsum(b / b.sum())).max(initial=0.0))


def wasserstein(left: ArrayLike, right: ArrayLike) -> float:
    """Earth mover's distance of two samples of numbers, in their unit (Vallender 1974)."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if not len(a) or not len(b):
        return 0.0
    if len(a) == len(b):
        return float(np.abs(np.sort(a) - np.sort(b)).mean())
    places = np.concatenate([a, b])
    weights = np.concatenate([np.full(len(a), 1 / len(a)), np.full(len(b), -1 / len(b))])
    order = np.argsort(places, kind="stable")
    places = places[order]
    lead = np.cumsum(weights[order])[:-1]
    return float(np.sum(np.abs(lead) * np.diff(places)))


def wasserstein_critical(spread: float, n: float, m: float) -> float:
    """The distance that samples of one normal population of standard deviation `spread` stay below
    with probability .999: it is carried by the difference of their means."""
    if n <= 0 or m <= 0:
        return 0.0
    return float(special.ndtri(1 - (1 - _CERTAIN) / 2)) * spread * math.sqrt(1 / n + 1 / m)


def homogeneity(left: ArrayLike, right: ArrayLike) -> float:
    """The p-value of the chi-square test that both samples are of one population.

    Both are taken as samples (a two-row contingency table); bins that expect fewer than five rows
    in either sample are pooled. 1 when one bin or no rows remain.
    """
    table = np.array(_used(left, right))
    if table.size == 0 or not table.sum(axis=1).all():
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=0) < _EXPECTED
    if rare.any():
        pooled = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
        table = _merge_last(pooled)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if table.shape[1] < 2:
        return 1.0
    statistic = float(((table - expected) ** 2 / expected).sum())
    return float(special.chdtrc(table.shape[1] - 1, statistic))


def _used(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Both samples without the bins that neither uses."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    used = (a + b) > 0
    return a[used], b[used]


def _merge_last(table: Floats) -> Floats:
    """Add the pooled bin to the smallest other one when it is too small to stand alone."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if table.shape[1] < 2 or expected[:, -1].min() >= _EXPECTED:
        return table
    smallest = int(table[:, :-1].sum(axis=0).argmin())
    table[:, smallest] += table[:, -1]
    return table[:, :-1]
