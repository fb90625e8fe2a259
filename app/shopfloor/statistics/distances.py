"""Distances between two samples in bins, what they are by chance alone, and the test that there is none."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shopfloor.statistics.arrays import Floats

_CERTAIN = 0.999
_EXPECTED = 5.0
_MANY = 50.0
_TERMS = 200


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
    """The p-value of the test that both samples are of one population.

    Both are taken as samples (a two-row contingency table). Bins that expect fewer than five rows in either sample are
    put together, in their order, until they expect five. Where all of them together do not, they are tested against
    the other rows by themselves (Fisher's exact test) and the other bins by chi-square; the smaller p-value counts,
    corrected for two. 1 when one bin or no rows remain.
    """
    table = np.array(_used(left, right))
    if table.size == 0 or not table.sum(axis=1).all():
        return 1.0
    rare = _expected(table).min(axis=0) < _EXPECTED
    if not rare.any():
        return _independence(table)
    common, groups = table[:, ~rare], _grouped(table[:, rare], table.sum(axis=1))
    if groups:
        return _independence(np.column_stack([common, *groups]))
    p_value = _independence(np.column_stack([common.sum(axis=1), table[:, rare].sum(axis=1)]))
    if common.shape[1] < 2:
        return p_value
    least = min(p_value, _independence(common))
    return least * (2 - least)


def _grouped(table: Floats, rows: Floats) -> list[Floats]:
    """The bins (2, bins) of samples of so many `rows` in groups that expect five rows each; none where all expect
    fewer."""
    groups: list[Floats] = []
    held = np.zeros(2)
    for bin_rows in table.T:
        held = held + bin_rows
        if held.sum() * rows.min() / rows.sum() >= _EXPECTED:
            groups.append(held)
            held = np.zeros(2)
    return [*groups[:-1], groups[-1] + held] if groups else []


def _expected(table: Floats) -> Floats:
    """What the margins let expect in each cell, the shape of `table`."""
    expected: Floats = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return expected


def _independence(table: Floats) -> float:
    """The p-value of two rows being alike in all columns, (2, columns); exact for few rows in two columns.

    The chi-square statistic is compared with the gamma distribution of its exact mean and variance given the margins
    (Haldane 1940, Biometrika 31:346): where cells expect few rows, large values are more frequent than chi-square says.
    """
    if table.shape[1] < 2 or not table.sum(axis=1).all() or not table.sum(axis=0).all():
        return 1.0
    expected = _expected(table)
    if table.shape[1] == 2 and expected.min() < _MANY:
        row, column = np.unravel_index(int(expected.argmin()), expected.shape)
        return _fisher(table[row, column], table[row].sum(), table[:, column].sum(), table.sum())
    statistic = float(((table - expected) ** 2 / expected).sum())
    mean, variance = _moments(table)
    return float(special.gammaincc(mean**2 / variance, statistic * mean / variance)) if variance > 0 else 1.0


def _moments(table: Floats) -> tuple[float, float]:
    """Mean and variance of the chi-square statistic over all tables with the same margins."""
    total = float(table.sum())
    spread, excess = [], []
    for margin in (table.sum(axis=1), table.sum(axis=0)):
        cells = len(margin)
        excess.append((float((total / margin).sum()) - cells**2) / (total - 2))
        spread.append((cells - 1) * (total - cells) / (total - 1))
    mean = total / (total - 1) * (len(table) - 1) * (table.shape[1] - 1)
    within = 2 * total / (total - 3) * (spread[0] - excess[0]) * (spread[1] - excess[1])
    return mean, within + total**2 / (total - 1) * excess[0] * excess[1]


def _fisher(found: float, drawn: float, marked: float, total: float) -> float:
    """Twice the smaller tail of the hypergeometric distribution: `found` of `drawn` rows are marked, of `total` rows
    `marked` are. What `found` lets expect is small, so that a few terms are all of the tail."""
    found, drawn, marked, total = (round(one) for one in (found, drawn, marked, total))
    step = 1 if found * total >= drawn * marked else -1
    places = found + step * np.arange(_TERMS)
    places = places[(places >= max(0, drawn + marked - total)) & (places <= min(drawn, marked))]
    logs = _choices(marked, places) + _choices(total - marked, drawn - places) - _choices(total, np.array(drawn))
    return min(1.0, 2 * float(np.exp(logs).sum()))


def _choices(rows: int, taken: NDArray[np.int64]) -> Floats:
    """The logarithm of the number of ways to take so many of the rows."""
    found: Floats = special.gammaln(rows + 1) - special.gammaln(taken + 1) - special.gammaln(rows - taken + 1)
    return found


def _used(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Both samples without the bins that neither uses."""
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    used = (a + b) > 0
    return a[used], b[used]
