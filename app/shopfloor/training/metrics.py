"""What the metrics of `domain/metrics.py` compute: greater is better, always."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from shopfloor.domain.definition import Task

Floats = NDArray[np.float64]
Score = Callable[[NDArray[Any], Floats], float]


def score(name: str, truth: NDArray[Any], scores: Floats) -> float | None:
    """One metric; None where it is undefined (one class only, no rows).

    `truth` (rows,) are class codes or numbers, `scores` (rows, classes) probabilities in class
    order or (rows, 1) predicted numbers.
    """
    if not len(truth):
        return None
    try:
        with np.errstate(all="ignore"):  # squares of numbers near 1e300: the result is None
            value = METRICS[name](truth, scores)
    except (ValueError, ZeroDivisionError):
        return None
    return float(value) if np.isfinite(value) else None


def score_all(task: Task, truth: NDArray[Any], scores: Floats, also: str = "") -> dict[str, float | None]:
    """The usual metrics of a task, with `also` first."""
    names = dict.fromkeys([*([also] if also else []), *_USUAL[task]])
    return {name: score(name, truth, scores) for name in names}


def losses(task: Task, truth: NDArray[Any], scores: Floats) -> Floats:
    """A proper loss of each row: negative log probability of the true class, or squared error."""
    if task is Task.REGRESSION:
        errors: Floats = (truth - scores[:, 0]) ** 2
        return errors
    logs: Floats = -np.log(np.clip(scores[np.arange(len(truth)), truth], 1e-15, 1.0))
    return logs


def _roc_auc(truth: NDArray[Any], scores: Floats) -> float:
    """The probability that a positive outranks a negative (Mann & Whitney 1947), ties half."""
    positive = truth == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    _, places, counts = np.unique(scores[:, 1], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    return float((ranks[positive].sum() - n * (n + 1) / 2.0) / (n * m))


def _several(truth: NDArray[Any]) -> bool:
    return len(np.unique(truth)) > 1


def _roc_auc_ovr(truth: NDArray[Any], scores: Floats) -> float:
    if len(np.unique(truth)) < scores.shape[1]:
        return float("nan")
    return float(metrics.roc_auc_score(truth, scores, multi_class="ovr", labels=np.arange(scores.shape[1])))


def _labelled(function: Callable[..., Any], **options: Any) -> Score:
    return lambda truth, scores: float(function(truth, scores.argmax(axis=1), **options))


def _balanced_accuracy(truth: NDArray[Any], scores: Floats) -> float:
    """The mean recall of the classes that occur."""
    counts = np.bincount(truth)
    hits = np.bincount(truth, weights=scores.argmax(axis=1) == truth)
    return float((hits[counts > 0] / counts[counts > 0]).mean())


def _log_loss(truth: NDArray[Any], scores: Floats) -> float:
    return -float(losses(Task.MULTICLASS, truth, scores).mean())


def _brier(truth: NDArray[Any], scores: Floats) -> float:
    return -float(((scores[:, 1] - truth) ** 2).mean())


def _average_precision(truth: NDArray[Any], scores: Floats) -> float:
    if not _several(truth):
        return float("nan")
    return float(metrics.average_precision_score(truth, scores[:, 1]))


def _numeric(function: Callable[..., Any], sign: float = 1.0) -> Score:
    return lambda truth, scores: sign * float(function(truth, scores[:, 0]))


def _r2(truth: NDArray[Any], scores: Floats) -> float:
    if len(truth) < 2 or not _several(truth):
        return float("nan")
    return float(metrics.r2_score(truth, scores[:, 0]))


_f = partial(_labelled, zero_division=0.0)

METRICS: dict[str, Score] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "neg_log_loss": _log_loss,
    "neg_brier_score": _brier,
    "accuracy": lambda truth, scores: float((scores.argmax(axis=1) == truth).mean()),
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f(metrics.f1_score),
    "precision": _f(metrics.precision_score),
    "recall": _f(metrics.recall_score),
    "f1_macro": _f(metrics.f1_score, average="macro"),
    "f1_weighted": _f(metrics.f1_score, average="weighted"),
    "matthews_corrcoef": _labelled(metrics.matthews_corrcoef),
    "roc_auc_ovr": _roc_auc_ovr,
    "r2": _r2,
    "explained_variance": _numeric(metrics.explained_variance_score),
    "neg_root_mean_squared_error": _numeric(metrics.root_mean_squared_error, -1.0),
    "neg_mean_squared_error": _numeric(metrics.mean_squared_error, -1.0),
    "neg_mean_absolute_error": _numeric(metrics.mean_absolute_error, -1.0),
    "neg_median_absolute_error": _numeric(metrics.median_absolute_error, -1.0),
    "neg_mean_absolute_percentage_error": _numeric(metrics.mean_absolute_percentage_error, -1.0),
}

_USUAL: dict[Task, tuple[str, ...]] = {
    Task.BINARY: ("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score", "accuracy", "f1"),
    Task.MULTICLASS: ("neg_log_loss", "accuracy", "balanced_accuracy", "f1_macro"),
    Task.REGRESSION: ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"),
}
