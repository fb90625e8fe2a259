"""Metrics by scikit-learn's scorer names: greater is better, always."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

Floats = NDArray[np.float64]
Score = Callable[[NDArray[Any], Floats], float]

_ALIASES = {
    "auc": "roc_auc",
    "rmse": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "log_loss": "neg_log_loss",
    "logloss": "neg_log_loss",
    "brier": "neg_brier_score",
    "brier_score": "neg_brier_score",
}


@dataclass(frozen=True)
class _Metric:
    tasks: tuple[Task, ...]
    score: Score


def metric_for(name: str, task: Task) -> str:
    """The metric's name, the task's default where `name` is empty.

    Raises `ConfigError` for a name that is unknown or does not fit the task.
    """
    if not name:
        return DEFAULTS[task]
    valid = metric_names(task)
    if name in valid:
        return name
    known = name in METRICS
    problem = f"does not fit a {task.value} target" if known else "is unknown"
    near = _ALIASES.get(name.lower())
    raise ConfigError(
        f"Metric {safe(name, 60)!r} {problem}.",
        hint=f"Did you mean {near!r}?" if near in valid else did_you_mean(name, valid),
        code="metric_unknown",
    )


def metric_names(task: Task) -> tuple[str, ...]:
    """All metrics that fit a task."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def score(name: str, truth: NDArray[Any], scores: Floats) -> float | None:
    """One metric; None where it is undefined (one class only, no rows).

    `truth` (rows,) are class codes or numbers, `scores` (rows, classes) probabilities in class
    order or (rows, 1) predicted numbers.
    """
    if not len(truth):
        return None
    try:
        with np.errstate(all="ignore"):  # squares of numbers near 1e300: the result is None
            value = METRICS[name].score(truth, scores)
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


_BINARY = (Task.BINARY,)
_CLASSES = (Task.BINARY, Task.MULTICLASS)
_MULTI = (Task.MULTICLASS,)
_NUMBERS = (Task.REGRESSION,)
_f = partial(_labelled, zero_division=0.0)

METRICS: dict[str, _Metric] = {
    "roc_auc": _Metric(_BINARY, _roc_auc),
    "average_precision": _Metric(_BINARY, _average_precision),
    "neg_log_loss": _Metric(_CLASSES, _log_loss),
    "neg_brier_score": _Metric(_BINARY, _brier),
    "accuracy": _Metric(_CLASSES, lambda truth, scores: float((scores.argmax(axis=1) == truth).mean())),
    "balanced_accuracy": _Metric(_CLASSES, _balanced_accuracy),
    "f1": _Metric(_BINARY, _f(metrics.f1_score)),
    "precision": _Metric(_BINARY, _f(metrics.precision_score)),
    "recall": _Metric(_BINARY, _f(metrics.recall_score)),
    "f1_macro": _Metric(_CLASSES, _f(metrics.f1_score, average="macro")),
    "f1_weighted": _Metric(_CLASSES, _f(metrics.f1_score, average="weighted")),
    "matthews_corrcoef": _Metric(_CLASSES, _labelled(metrics.matthews_corrcoef)),
    "roc_auc_ovr": _Metric(_MULTI, _roc_auc_ovr),
    "r2": _Metric(_NUMBERS, _r2),
    "explained_variance": _Metric(_NUMBERS, _numeric(metrics.explained_variance_score)),
    "neg_root_mean_squared_error": _Metric(_NUMBERS, _numeric(metrics.root_mean_squared_error, -1.0)),
    "neg_mean_squared_error": _Metric(_NUMBERS, _numeric(metrics.mean_squared_error, -1.0)),
    "neg_mean_absolute_error": _Metric(_NUMBERS, _numeric(metrics.mean_absolute_error, -1.0)),
    "neg_median_absolute_error": _Metric(_NUMBERS, _numeric(metrics.median_absolute_error, -1.0)),
    "neg_mean_absolute_percentage_error": _Metric(_NUMBERS, _numeric(metrics.mean_absolute_percentage_error, -1.0)),
}

DEFAULTS = {Task.BINARY: "roc_auc", Task.MULTICLASS: "neg_log_loss", Task.REGRESSION: "r2"}

_USUAL: dict[Task, tuple[str, ...]] = {
    Task.BINARY: ("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score", "accuracy", "f1"),
    Task.MULTICLASS: ("neg_log_loss", "accuracy", "balanced_accuracy", "f1_macro"),
    Task.REGRESSION: ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"),
}
