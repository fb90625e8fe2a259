"""Metrics of probabilities: ranking (AUC, average precision) and proper scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shopfloor.release.auc import auc_influence, precision_influence
from shopfloor.release.scored import BoolArray, FloatArray, IntArray, Scored

Binary = Callable[[FloatArray, BoolArray], tuple[float, FloatArray]]
Influence = Callable[[Scored], tuple[float, FloatArray]]

_TINY = float(np.finfo(np.float64).eps)


def log_loss(scored: Scored) -> tuple[float, FloatArray]:
    """Mean log probability of the true class; probabilities are clipped as in scikit-learn."""
    table = np.clip(scored.probabilities(), _TINY, 1.0 - _TINY)
    table = table / table.sum(axis=1, keepdims=True)
    return _mean(np.log(table[np.arange(len(scored)), scored.target_code]))


def brier(scored: Scored) -> tuple[float, FloatArray]:
    """Negative Brier score: squared error of the positive class, or summed over many classes."""
    if scored.classes == 2:
        truth = scored.target_code == scored.positive
        return _mean(-((scored.chance() - truth) ** 2))
    table = scored.probabilities().copy()
    table[np.arange(len(scored)), scored.target_code] -= 1.0
    return _mean(-(table**2).sum(axis=1))


def _mean(values: FloatArray) -> tuple[float, FloatArray]:
    mean = float(values.mean())
    return mean, values - mean


def _one_against_rest(binary: Binary, *, weighted: bool) -> Influence:
    def influence(scored: Scored) -> tuple[float, FloatArray]:
        if scored.classes == 2:
            return binary(scored.chance(), scored.target_code == scored.positive)
        table, shares = scored.probabilities(), scored.class_rows() / len(scored)
        usable = np.flatnonzero((shares > 0) & (shares < 1))
        if len(usable) == 0:
            return float("nan"), np.full(len(scored), np.nan)
        score, pull = 0.0, np.zeros(len(scored))
        for label in usable:
            truth = scored.target_code == label
            area, rows = binary(table[:, label], truth)
            weight = shares[label] if weighted else 1.0 / len(usable)
            score += weight * area
            pull += weight * rows + ((truth - shares[label]) * area if weighted else 0.0)
        return score, pull

    return influence


def _one_against_one(*, weighted: bool) -> Influence:
    """Hand & Till 2001 (Machine Learning 45:171): mean AUC over the ordered pairs of classes."""

    def influence(scored: Scored) -> tuple[float, FloatArray]:
        if scored.classes == 2:
            return auc_influence(scored.chance(), scored.target_code == scored.positive)
        table, counts = scored.probabilities(), scored.class_rows()
        pairs = [(a, b) for a in np.flatnonzero(counts) for b in np.flatnonzero(counts) if a != b]
        if not pairs:
            return float("nan"), np.full(len(scored), np.nan)
        shares = [(counts[a] + counts[b]) / len(scored) for a, b in pairs]
        score, pull = 0.0, np.zeros(len(scored))
        for (a, b), share in zip(pairs, shares, strict=True):
            rows: IntArray = np.flatnonzero((scored.target_code == a) | (scored.target_code == b))
            area, part = auc_influence(table[rows, a], scored.target_code[rows] == a)
            weight = share / sum(shares) if weighted else 1.0 / len(pairs)
            score += weight * area
            # Weighted by how common the pair is; the weights are taken as known.
            pull[rows] += weight * part / share
        return score, pull

    return influence


METRICS: tuple[tuple[str, str, Influence], ...] = (
    ("roc_auc", "AUC", _one_against_rest(auc_influence, weighted=False)),
    ("roc_auc_ovr", "AUC (one against rest)", _one_against_rest(auc_influence, weighted=False)),
    (
        "roc_auc_ovr_weighted",
        "AUC (one against rest, weighted)",
        _one_against_rest(auc_influence, weighted=True),
    ),
    ("roc_auc_ovo", "AUC (one against one)", _one_against_one(weighted=False)),
    ("roc_auc_ovo_weighted", "AUC (one against one, weighted)", _one_against_one(weighted=True)),
    (
        "average_precision",
        "average precision",
        _one_against_rest(precision_influence, weighted=False),
    ),
    ("neg_log_loss", "log loss", log_loss),
    ("neg_brier_score", "Brier score", brier),
)
