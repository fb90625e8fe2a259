"""Metrics of probabilities: ranking (AUC, average precision) and proper scores."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from shopfloor.statistics.arrays import Codes, Floats, Mask, np
from shopfloor.statistics.auc import area, auc_influence
from shopfloor.statistics.average_precision import average_precision, precision_influence
from shopfloor.statistics.metric import BINARY, CLASSES, MULTICLASS, Measured, Metric, mean, undefined
from shopfloor.statistics.paired import Comparison, delong
from shopfloor.statistics.predictions import Predictions

Ranking = Callable[[Floats, Mask], float]
Influence = Callable[[Floats, Mask], Floats]

_EPSILON = sys.float_info.epsilon


def log_loss(predictions: Predictions) -> Measured:
    """Mean log probability of the true class; probabilities are clipped as in scikit-learn."""
    chance = predictions.probabilities()[np.arange(len(predictions)), predictions.truth]
    return mean(np.log(np.clip(chance, _EPSILON, 1.0 - _EPSILON)))


def brier(predictions: Predictions) -> Measured:
    """Negative Brier score: squared error of the positive class, or summed over many classes."""
    if len(predictions.classes) == 2:
        return mean(-((predictions.chance() - predictions.is_positive()) ** 2))
    table = predictions.probabilities().copy()
    table[np.arange(len(predictions)), predictions.truth] -= 1.0
    return mean(-(table**2).sum(axis=1))


def auc_test(challenger: Predictions, champion: Predictions, alpha: float) -> Comparison | None:
    """DeLong's test of two AUCs; None where one class has no rows."""
    truth = challenger.is_positive()
    if not 0 < np.count_nonzero(truth) < len(truth):
        return None
    return delong(truth, challenger.chance(), champion.chance(), alpha)


def _one_against_rest(
    ranking: Ranking, influence: Influence, predictions: Predictions, *, weighted: bool = False
) -> Measured:
    """The positive class against the other; of many classes the mean over those that occur."""
    if len(predictions.classes) == 2:
        chance, truth = predictions.chance(), predictions.is_positive()
        score = ranking(chance, truth)
        return Measured(score, slope=lambda: influence(chance, truth)) if np.isfinite(score) else undefined(len(truth))
    table, shares = predictions.probabilities(), predictions.class_rows() / len(predictions)
    usable = np.flatnonzero((shares > 0) & (shares < 1))
    if len(usable) == 0:
        return undefined(len(predictions))
    truths = {int(label): predictions.truth == label for label in usable}
    scores = {label: ranking(table[:, label], truth) for label, truth in truths.items()}
    weights = {label: float(shares[label]) if weighted else 1.0 / len(usable) for label in truths}

    def slope() -> Floats:
        influences = np.zeros(len(predictions))
        for label, truth in truths.items():
            influences += weights[label] * influence(table[:, label], truth)
            influences += (truth - shares[label]) * scores[label] if weighted else 0.0
        return influences

    return Measured(sum(weights[label] * score for label, score in scores.items()), slope=slope)


def _one_against_one(predictions: Predictions, *, weighted: bool = False) -> Measured:
    """Hand & Till 2001 (Machine Learning 45:171): mean AUC over the ordered pairs of classes that occur."""
    table, counts = predictions.probabilities(), predictions.class_rows()
    occur = [int(label) for label in np.flatnonzero(counts)]
    pairs = [(one, other) for one in occur for other in occur if one != other]
    if not pairs:
        return undefined(len(predictions))
    shares = np.array([(counts[one] + counts[other]) / len(predictions) for one, other in pairs])
    weights = shares / shares.sum() if weighted else np.full(len(pairs), 1.0 / len(pairs))

    def of_pair(one: int, other: int) -> tuple[Codes, Floats, Mask]:
        rows = np.flatnonzero((predictions.truth == one) | (predictions.truth == other))
        return rows, table[rows, one], predictions.truth[rows] == one

    def slope() -> Floats:
        influences = np.zeros(len(predictions))
        for pair, share, weight in zip(pairs, shares, weights, strict=True):
            rows, chance, truth = of_pair(*pair)
            # Weighted by how common the pair is; the weights are taken as known.
            influences[rows] += weight * auc_influence(chance, truth) / share
        return influences

    areas = [area(*of_pair(*pair)[1:]) for pair in pairs]
    return Measured(float(np.dot(weights, areas)), slope=slope)


_auc = partial(_one_against_rest, area, auc_influence)
_precision = partial(_one_against_rest, average_precision, precision_influence)

METRICS = (
    Metric("roc_auc", "AUC", BINARY, _auc, probabilities=True, paired=auc_test, reported=BINARY, aliases=("auc",)),
    Metric("average_precision", "average precision", CLASSES, _precision, probabilities=True, reported=BINARY),
    Metric(
        "neg_log_loss",
        "log loss",
        CLASSES,
        log_loss,
        probabilities=True,
        reported=CLASSES,
        aliases=("log_loss", "logloss"),
    ),
    Metric(
        "neg_brier_score",
        "Brier score",
        CLASSES,
        brier,
        probabilities=True,
        reported=BINARY,
        aliases=("brier", "brier_score"),
    ),
    Metric("roc_auc_ovr", "AUC (one against rest)", MULTICLASS, _auc, probabilities=True),
    Metric(
        "roc_auc_ovr_weighted",
        "AUC (one against rest, weighted)",
        MULTICLASS,
        partial(_auc, weighted=True),
        probabilities=True,
    ),
    Metric("roc_auc_ovo", "AUC (one against one)", MULTICLASS, _one_against_one, probabilities=True),
    Metric(
        "roc_auc_ovo_weighted",
        "AUC (one against one, weighted)",
        MULTICLASS,
        partial(_one_against_one, weighted=True),
        probabilities=True,
    ),
)
