"""Rows of one population: sixteen columns, two of them with thousands of levels, and a target of two classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shopfloor.domain.columns import Column, ColumnType

TYPES = {"n": ColumnType.NUMBER, "i": ColumnType.INTEGER, "c": ColumnType.TEXT, "t": ColumnType.TEXT}
NAMES = [f"{kind}{one}" for kind, many in (("n", 6), ("i", 4), ("c", 4), ("t", 2)) for one in range(many)]
COLUMNS = [Column(name=name, type=TYPES[name[0]]) for name in NAMES]
POPULARITY = np.arange(8000, 0, -1.0) / np.arange(8000, 0, -1.0).sum()

Rng = np.random.Generator


def rows(count: int, rng: Rng, popularity: np.ndarray = POPULARITY) -> pd.DataFrame:
    def one_of(levels: list[str], weights: list[float] | None = None) -> np.ndarray:
        return np.array(rng.choice(levels, count, p=weights), dtype=object)

    zipf = 1 / np.arange(1, 31)
    frame = pd.DataFrame(
        {
            "n0": rng.normal(0, 1, count),
            "n1": rng.exponential(2, count),
            "n2": np.where(rng.random(count) < 0.7, 0, rng.exponential(1, count)),
            "n3": rng.uniform(0, 100, count),
            "n4": rng.normal(50, 10, count).round(),
            "n5": np.where(rng.random(count) < 0.05, np.nan, rng.normal(0, 3, count)),
            "i0": rng.integers(1, 13, count),
            "i1": rng.poisson(2, count),
            "i2": rng.choice([10, 20, 30, 45], count, p=[0.6, 0.3, 0.09, 0.01]),
            "i3": rng.geometric(0.05, count),
            "c0": one_of(list("abcde"), [0.5, 0.3, 0.1, 0.08, 0.02]),
            "c1": one_of([f"z{one}" for one in range(30)], list(zipf / zipf.sum())),
            "c2": one_of(["x", "y"], [0.97, 0.03]),
            "c3": one_of([f"s{one}" for one in range(12)]),
            "t0": np.array([f"u{one}" for one in rng.choice(8000, count, p=popularity)], dtype=object),
            "t1": np.array([f"v{one}" for one in rng.zipf(1.4, count) % 3000], dtype=object),
            "k": 5.0,
        }
    )
    score = frame["n0"] + 0.02 * frame["n3"] + rng.normal(0, 1, count)
    return frame.assign(y=np.where(score > 1.8, "yes", "no").astype(object))
