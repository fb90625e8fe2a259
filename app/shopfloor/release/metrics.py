"""Metrics by scikit-learn's scorer names: a score, and what each row contributes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.release import classwise, errorwise, rankwise
from shopfloor.release.scored import FloatArray, Scored

Influence = Callable[[Scored], tuple[float, FloatArray]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One scorer; greater is better.

    `influence` gives the score and one number a row with mean 0, so that the score's variance is
    that of the row numbers' mean (infinitesimal jackknife; Efron 1982, "The Jackknife, the
    Bootstrap and Other Resampling Plans"). For a metric that is a mean over rows these numbers
    are the row losses less their mean. A metric that is not smooth has `draws` instead: the
    score of any draw of rows, for the bootstrap.
    """

    name: str
    label: str
    score: Callable[[Scored], float]
    influence: Influence | None = None
    draws: Callable[[Scored], errorwise.Draws] | None = None
    classification: bool = True
    probabilities: bool = False
    negated: bool = False

    def shown(self, score: float | None) -> float | None:
        """The score as people quote it: an error is positive."""
        return None if score is None else -score if self.negated else score


def _first(influence: Influence) -> Callable[[Scored], float]:
    return lambda scored: influence(scored)[0]


def _whole(draws: Callable[[Scored], errorwise.Draws]) -> Callable[[Scored], float]:
    return lambda scored: draws(scored)(np.arange(len(scored), dtype=np.intp))


def _metric(
    name: str,
    label: str,
    influence: Influence,
    *,
    classification: bool = True,
    probabilities: bool = False,
) -> Metric:
    return Metric(
        name=name,
        label=label,
        score=_first(influence),
        influence=influence,
        classification=classification,
        probabilities=probabilities,
        negated=name.startswith("neg_"),
    )


def _all() -> list[Metric]:
    found = [
        _metric("accuracy", "accuracy", classwise.accuracy),
        _metric("balanced_accuracy", "balanced accuracy", classwise.balanced_accuracy),
        _metric("matthews_corrcoef", "Matthews correlation", classwise.matthews),
    ]
    for family in ("f1", "precision", "recall", "jaccard"):
        for average in ("", "macro", "micro", "weighted"):
            name = f"{family}_{average}" if average else family
            label = family.replace("f1", "F1") + (f" ({average})" if average else "")
            found.append(_metric(name, label, classwise.averaged(family, average)))
    for name, label, influence in rankwise.METRICS:
        found.append(_metric(name, label, influence, probabilities=True))
    for name, label, influence in errorwise.METRICS:
        found.append(_metric(name, label, influence, classification=False))
    for name, label, draws in errorwise.ROUGH:
        rough = Metric(name=name, label=label, score=_whole(draws), draws=draws, classification=False, negated=True)
        found.append(rough)
    return found


_METRICS = {metric.name: metric for metric in _all()}
# Older spelling of scikit-learn for an error that is now negated.
_METRICS["max_error"] = _METRICS["neg_max_error"]


def find(name: str) -> Metric:
    """The metric called `name`; raises `UsageError` with the nearest name."""
    if name not in _METRICS:
        raise UsageError(
            f"The gate does not know the metric {name!r}.",
            hint=did_you_mean(name, _METRICS),
            code="unknown_metric",
        )
    return _METRICS[name]


def names(*, classification: bool) -> tuple[str, ...]:
    """All metric names for classifiers or for regression."""
    return tuple(sorted(name for name, one in _METRICS.items() if one.classification is classification))


def measure(metric: Metric, scored: Scored) -> float:
    """The score, or NaN where the rows do not define it (no rows, one class, zero spread)."""
    if len(scored) == 0:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return metric.score(scored)
