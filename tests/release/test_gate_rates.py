"""How often the gate is wrong, on pairs whose true difference is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.release.worlds import binary_pair, predictions, regression_pair, spec, truth

from shopfloor.domain.definition import Release, Task
from shopfloor.domain.release import Outcome
from shopfloor.release.gate import judge
from shopfloor.statistics.alpha_wallet import alpha_of_test
from shopfloor.statistics.compare import compare
from shopfloor.statistics.metrics import find
from shopfloor.statistics.predictions import Predictions, regression

ALPHA = 0.05
TOLERANCE = 0.03
"""About two standard errors of a share of .05 in 200 runs; the seeds are fixed."""

Pair = Callable[[int, int], tuple[Predictions, Predictions]]
NO_FEATURES = {"x": 0.0}


def promoted(pair: tuple[Predictions, Predictions], task: Task, metric: str, **changes: object) -> bool:
    challenger, champion = pair
    decision = judge(
        spec(task, metric, **changes),
        pd.DataFrame(NO_FEATURES, index=range(len(challenger))),
        truth(challenger),
        predictions(challenger),
        predictions(champion),
    )
    return decision.outcome is Outcome.PROMOTE


@pytest.mark.parametrize(
    ("metric", "task", "pair"),
    [
        ("roc_auc", Task.BINARY, binary_pair),
        ("accuracy", Task.BINARY, binary_pair),
        ("neg_mean_absolute_error", Task.REGRESSION, regression_pair),
    ],
)
@pytest.mark.parametrize("rows", [250, 1500])
def test_a_challenger_that_is_no_better_is_rarely_promoted(metric: str, task: Task, pair: Pair, rows: int) -> None:
    # No minimum gain: the test alone must hold the error.
    release = Release(min_gain=0.0)
    wrong = np.mean([promoted(pair(seed, rows), task, metric, release=release) for seed in range(200)])
    assert wrong <= ALPHA + TOLERANCE


@pytest.mark.parametrize(
    ("metric", "task", "better", "power"),
    [("roc_auc", Task.BINARY, 0.15, 0.8), ("neg_mean_absolute_error", Task.REGRESSION, 0.08, 0.8)],
)
def test_a_real_gain_is_found(metric: str, task: Task, better: float, power: float) -> None:
    make = binary_pair if task is Task.BINARY else regression_pair
    found = np.mean([promoted(make(seed, 3000, better=better), task, metric) for seed in range(100)])
    assert found >= power


def test_all_looks_together_keep_the_error() -> None:
    """Twelve challengers, none better, on one holdout: promoting any of them is the error."""
    metric = find("neg_mean_absolute_error")
    wrong = {"counted": 0, "not counted": 0}
    for world in range(200):
        for rule, looks in (("counted", range(12)), ("not counted", [0] * 12)):
            levels = [alpha_of_test(ALPHA, (1,) * look, (1,)) for look in looks]
            wrong[rule] += any(
                compare(metric, *rivals(world, turn), alpha=level).better(level) for turn, level in enumerate(levels)
            )
    assert wrong["counted"] / 200 <= ALPHA + TOLERANCE
    assert wrong["not counted"] / 200 > 0.15  # what counting is for


def rivals(world: int, look: int) -> tuple[Predictions, Predictions]:
    """The same rows and champion each time, another challenger of the same quality."""
    holdout = np.random.default_rng(world)
    target, old = holdout.normal(0, 3, 300), holdout.normal(size=300)
    new = np.random.default_rng(1000 + world * 100 + look).normal(size=300)
    return regression(target, target + new), regression(target, target + old)


def test_slices_seldom_reject_a_model_that_harms_none() -> None:
    wrong = 0
    for seed in range(100):
        challenger, champion = binary_pair(seed, 1200, better=0.1)
        random = np.random.default_rng(seed)
        frame = pd.DataFrame({f"c{k}": random.integers(0, 5, 1200).astype(str) for k in range(6)})
        decision = judge(spec(), frame, truth(challenger), predictions(challenger), predictions(champion))
        wrong += any(one.code == "slices" and one.passed is False for one in decision.checks)
    assert wrong / 100 <= ALPHA + TOLERANCE
