"""The one table of metrics: what may decide, be reported, judged and watched."""

from __future__ import annotations

from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.statistics import classes, errors, probabilities
from shopfloor.statistics.arrays import Floats
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import Predictions

METRICS = {metric.name: metric for metric in (*probabilities.METRICS, *classes.METRICS, *errors.METRICS)}

_PROPER = {
    Task.BINARY: "neg_log_loss",
    Task.MULTICLASS: "neg_log_loss",
    Task.REGRESSION: "neg_mean_squared_error",
}


def names(task: Task) -> tuple[str, ...]:
    """All metrics that fit a task."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def reported(task: Task) -> tuple[Metric, ...]:
    """The metrics that every run of a task says; the first one decides unless another is named."""
    return tuple(metric for metric in METRICS.values() if task in metric.reported)


def find(name: str, tasks: tuple[Task, ...] = tuple(Task)) -> Metric:
    """The metric called `name`, the task's default where it is empty.

    Raises `ConfigError` for a name that is unknown or fits none of `tasks`, with the nearest that does.
    """
    if not name and len(tasks) == 1:
        return reported(tasks[0])[0]
    valid = tuple(dict.fromkeys(one for task in tasks for one in names(task)))
    if name in valid:
        return METRICS[name]
    known = name in METRICS
    kinds = " or ".join(task.value for task in tasks)
    defaults = dict.fromkeys(metric.name for task in tasks for metric in reported(task))
    nearest = next((metric.name for metric in METRICS.values() if name.lower() in metric.aliases), None)
    raise ConfigError(
        f"Metric {safe(name, 60)!r} {f'does not fit a {kinds} target' if known else 'is unknown'}.",
        hint=f"Did you mean {nearest!r}?"
        if nearest in valid
        else f"Use one of: {', '.join(defaults)}, …"
        if known
        else did_you_mean(name, valid),
        code="metric_unknown",
    )


def aliases() -> dict[str, tuple[str, bool]]:
    """Every name that a person may use of a metric: the scorer's, and whether its error is meant.

    `rmse` and `root_mean_squared_error` mean the error, which is kept as its negative.
    """
    found = {name: (name, False) for name in METRICS}
    for metric in METRICS.values():
        keys = [*metric.aliases, *([metric.name.removeprefix("neg_")] if metric.negated else [])]
        found |= dict.fromkeys(keys, (metric.name, metric.negated))
    return found


def proper_losses(predictions: Predictions) -> Floats:
    """A proper loss of each row, (n,): log loss of the true class, or squared error."""
    found = METRICS[_PROPER[predictions.task]].losses(predictions)
    assert found is not None
    return found
