"""The table encoder against scikit-learn's `ColumnTransformer` with `OrdinalEncoder`, in both styles.

Twenty mixed columns: numbers with gaps, booleans, categories of few and of many levels. The dense style writes
six times as many columns as the ordinal encoder does, and may still take no longer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.preprocessing import OrdinalEncoder

from benchmarks.figure import Figure, cpu_seconds, seconds
from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.threads import limited

LEVELS = (2, 3, 5, 8, 10, 20, 30, 200)


def run(smoke: bool) -> list[Figure]:
    """The best of alternating rounds; one thread and CPU seconds."""
    frame, target = mixed(20_000 if smoke else 1_000_000)
    with limited(1):
        return [figure for style in ("trees", "dense") for figure in _style(style, frame, target, 1 if smoke else 3)]


def mixed(rows: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Columns of every type but dates and free text, and a target of two classes."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for place in range(10):
        values = rng.lognormal(3, 1, rows)
        values[rng.random(rows) < 0.05] = np.nan
        columns[f"number {place}"] = values
    for place in range(2):
        columns[f"flag {place}"] = rng.random(rows) < 0.5
    for count in LEVELS:
        levels = np.array([f"level {place}" for place in range(count)], dtype=object)
        columns[f"one of {count}"] = pd.Series(levels[rng.integers(0, count, rows)], dtype="str")
    return pd.DataFrame(columns), rng.integers(0, 2, rows)


def _style(style: Any, frame: pd.DataFrame, target: np.ndarray[Any, Any], rounds: int) -> list[Figure]:
    ours, theirs = TableEncoder(style=style), ordinal()
    pairs = [
        (
            cpu_seconds(lambda: ours.fit_transform(frame, target)),
            cpu_seconds(lambda: theirs.fit_transform(frame)),
            cpu_seconds(lambda: ours.transform(frame)),
            cpu_seconds(lambda: theirs.transform(frame)),
        )
        for _ in range(rounds)
    ]
    fit, fit_floor, encode, encode_floor = (min(each) for each in zip(*pairs, strict=True))
    one = frame.head(1)
    values = {str(name): value for name, value in one.astype(object).to_dict("records")[0].items()}
    row = min(seconds(lambda: [ours.encode_row(values) for _ in range(100)]) for _ in range(10)) / 100
    row_floor = min(seconds(lambda: theirs.transform(one)) for _ in range(10))
    return [
        Figure(f"{style}: fit and encode, cpu", fit, "s", fit_floor, at_most=1.0),
        Figure(f"{style}: encode, cpu", encode, "s", encode_floor, at_most=1.0),
        Figure(f"{style}: encode one row", row * 1e6, "µs", row_floor * 1e6, at_most=0.05),
    ]


def ordinal() -> ColumnTransformer:
    """Codes for what is no number, which passes through."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return make_column_transformer((codes, make_column_selector(dtype_exclude="number")), remainder="passthrough")
