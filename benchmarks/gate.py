"""A decision of the gate on 10,000 rows of 20 inputs, against the two scores alone.

The floor is scikit-learn's `roc_auc_score` of both sides. The gate tests the difference, looks at the slices of every
input, at the calibration and for leaks besides; twenty times the floor are about .3 s on a core of 2026.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.figure import Figure, cpu_seconds
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.release.gate import judge
from shopfloor.release.records import GateSpec

_COLUMNS = 20
_PREVALENCE = 0.3


def run(smoke: bool) -> list[Figure]:
    """The least CPU of several, by turns."""
    rows = 1_000 if smoke else 10_000
    random = np.random.default_rng(1)
    truth = random.random(rows) < _PREVALENCE
    challenger, champion = (_answers(random, truth, distance) for distance in (1.3, 1.2))
    inputs, target = _inputs(random, rows), pd.Series(np.where(truth, "yes", "no"))
    spec = _spec()
    decided, floor = [], []
    for _ in range(2 if smoke else 6):
        decided.append(cpu_seconds(lambda: judge(spec, inputs, target, challenger, champion)))
        floor.append(
            cpu_seconds(lambda: [roc_auc_score(truth, one["probability_yes"]) for one in (challenger, champion)])
        )
    return [Figure(f"gate: a decision on {rows:,} rows", min(decided), "s", min(floor), at_most=20)]


def _spec() -> GateSpec:
    return GateSpec(
        definition=ModelDefinition(name="m", dataset="d", target="y", task=Task.BINARY),
        metric="roc_auc",
        task=Task.BINARY,
        classes=("no", "yes"),
        positive="yes",
        champion_version=1,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _answers(random: np.random.Generator, truth: np.ndarray, distance: float) -> pd.DataFrame:
    """Calibrated chances of a binormal model whose classes are `distance` apart."""
    score = distance * truth + random.normal(size=len(truth))
    odds = np.exp(distance * (score - distance / 2)) * _PREVALENCE / (1 - _PREVALENCE)
    chance = odds / (1 + odds)
    return pd.DataFrame(
        {
            "prediction": np.where(chance >= 0.5, "yes", "no"),
            "probability_no": 1 - chance,
            "probability_yes": chance,
        }
    )


def _inputs(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """By turns a category of five levels and a number."""
    levels = np.array(["UA", "AA", "DL", "B6", "EV"])
    return pd.DataFrame(
        {
            f"c{number}": random.normal(size=rows) if number % 2 else levels[random.integers(0, len(levels), rows)]
            for number in range(_COLUMNS)
        }
    )
