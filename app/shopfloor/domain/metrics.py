"""The metrics that may decide, by scikit-learn's scorer names, and the targets they fit."""

from __future__ import annotations

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe

_BINARY = (Task.BINARY,)
_CLASSES = (Task.BINARY, Task.MULTICLASS)
_NUMBERS = (Task.REGRESSION,)

METRICS: dict[str, tuple[Task, ...]] = {
    "roc_auc": _BINARY,
    "average_precision": _BINARY,
    "neg_log_loss": _CLASSES,
    "neg_brier_score": _BINARY,
    "accuracy": _CLASSES,
    "balanced_accuracy": _CLASSES,
    "f1": _BINARY,
    "precision": _BINARY,
    "recall": _BINARY,
    "f1_macro": _CLASSES,
    "f1_weighted": _CLASSES,
    "matthews_corrcoef": _CLASSES,
    "roc_auc_ovr": (Task.MULTICLASS,),
    "r2": _NUMBERS,
    "explained_variance": _NUMBERS,
    "neg_root_mean_squared_error": _NUMBERS,
    "neg_mean_squared_error": _NUMBERS,
    "neg_mean_absolute_error": _NUMBERS,
    "neg_median_absolute_error": _NUMBERS,
    "neg_mean_absolute_percentage_error": _NUMBERS,
}
DEFAULTS = {Task.BINARY: "roc_auc", Task.MULTICLASS: "neg_log_loss", Task.REGRESSION: "r2"}
ALIASES = {
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


def metric_for(name: str, task: Task) -> str:
    """The metric's name, the task's default where `name` is empty.

    Raises `ConfigError` for a name that is unknown or does not fit the task.
    """
    if not name:
        return DEFAULTS[task]
    check_metric(name, (task,))
    return name


def check_metric(name: str, tasks: tuple[Task, ...] = tuple(Task)) -> None:
    """Raises `ConfigError` for a name that is unknown or fits none of `tasks`, with the nearest that does."""
    valid = tuple(dict.fromkeys(one for task in tasks for one in metric_names(task)))
    if name in valid:
        return
    kinds = " or ".join(task.value for task in tasks)
    problem = f"does not fit a {kinds} target" if name in METRICS else "is unknown"
    near = ALIASES.get(name.lower())
    raise ConfigError(
        f"Metric {safe(name, 60)!r} {problem}.",
        hint=f"Did you mean {near!r}?" if near in valid else did_you_mean(name, valid),
        code="metric_unknown",
    )


def metric_names(task: Task) -> tuple[str, ...]:
    """All metrics that fit a task."""
    return tuple(name for name, tasks in METRICS.items() if task in tasks)
