"""Simulated holdouts: pairs of models whose true difference is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.domain.definition import ModelDefinition, Release, Task
from shopfloor.release.records import GateSpec
from shopfloor.statistics.predictions import Predictions, classification, regression

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHIFT = {0.5: 0.0, 0.7: 0.74161, 0.8: 1.19023}
"""Distance of the class means, in standard deviations, that gives an AUC (binormal)."""


def logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def binary_pair(
    seed: int, rows: int, *, shift: float = 1.19, better: float = 0.0, rho: float = 0.8, prevalence: float = 0.3
) -> tuple[Predictions, Predictions]:
    """Challenger and champion: binormal scores, correlation `rho` within class; the challenger's
    class means are `better` further apart."""
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < prevalence).astype(np.intp)
    common = random.normal(size=rows)
    scores = []
    for distance in (shift + better, shift):
        noise = np.sqrt(rho) * common + np.sqrt(1 - rho) * random.normal(size=rows)
        # The posterior of the binormal model, so that chances are calibrated.
        score = distance * truth + noise
        scores.append(logistic(distance * (score - distance / 2) + np.log(prevalence / (1 - prevalence))))
    return binary(truth, scores[0]), binary(truth, scores[1])


def binary(truth: np.ndarray, chance: np.ndarray) -> Predictions:
    return classification(
        truth.astype(np.intp), (chance >= 0.5).astype(np.intp), np.column_stack([1 - chance, chance]), classes="ab"
    )


def regression_pair(seed: int, rows: int, *, better: float = 0.0, rho: float = 0.5) -> tuple[Predictions, Predictions]:
    """Errors of unit size, those of the challenger smaller by the share `better`."""
    random = np.random.default_rng(seed)
    target = random.normal(0, 3, rows)
    common = random.normal(size=rows)
    mix = [np.sqrt(rho) * common + np.sqrt(1 - rho) * random.normal(size=rows) for _ in range(2)]
    return regression(target, target + (1 - better) * mix[0]), regression(target, target + mix[1])


def predictions(scored: Predictions) -> pd.DataFrame:
    """The prediction columns of `scored`; classes are `no` and `yes`."""
    if not scored.task.classification:
        return pd.DataFrame({"prediction": scored.predicted})
    assert scored.probability is not None
    return pd.DataFrame(
        {
            "prediction": np.array(["no", "yes"])[scored.predicted],
            "probability_no": scored.probability[:, 0],
            "probability_yes": scored.probability[:, 1],
        }
    )


def truth(scored: Predictions) -> pd.Series[Any]:
    if not scored.task.classification:
        return pd.Series(scored.truth)
    return pd.Series(np.array(["no", "yes"])[scored.truth])


def spec(task: Task = Task.BINARY, metric: str = "roc_auc", **changes: Any) -> GateSpec:
    release = changes.pop("release", Release())
    definition = changes.pop("definition", None) or ModelDefinition(
        name="late", dataset="flights", target="y", task=task, time="at", release=release
    )
    classes = ("no", "yes") if task is Task.BINARY else ()
    known: dict[str, Any] = {
        "definition": definition,
        "metric": metric,
        "task": task,
        "classes": classes,
        "positive": "yes" if classes else None,
        "champion_version": 1,
        "now": NOW,
    }
    return GateSpec(**{**known, **changes})


def features(seed: int, rows: int, columns: int = 6) -> pd.DataFrame:
    """Feature columns without a link to the target: half of them of few levels."""
    random = np.random.default_rng(seed)
    table: dict[str, Any] = {}
    for number in range(columns):
        if number % 2:
            table[f"x{number}"] = random.normal(size=rows)
        else:
            table[f"c{number}"] = np.array(["UA", "AA", "DL", "B6", "EV"])[random.integers(0, 5, rows)]
    return pd.DataFrame(table)
