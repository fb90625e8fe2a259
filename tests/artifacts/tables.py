"""Small mixed tables and models fitted on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task

COLUMNS = (
    Column(name="price", type=ColumnType.NUMBER),
    Column(name="count", type=ColumnType.INTEGER),
    Column(name="member", type=ColumnType.BOOLEAN),
    Column(name="city", type=ColumnType.TEXT),
    Column(name="product", type=ColumnType.TEXT),
    Column(name="note", type=ColumnType.TEXT),
    Column(name="day", type=ColumnType.DATE),
    Column(name="at", type=ColumnType.TIMESTAMP),
)
_WORDS = ["late", "early", "broken", "fine", "box", "door", "street", "again", "never", "please"]


def mixed_frame(rows: int, seed: int = 0, gaps: float = 0.1) -> pd.DataFrame:
    """Columns of every type, a tenth of the values missing, related to `truth_of`."""
    rng = np.random.default_rng(seed)
    start = datetime(2024, 1, 1)  # noqa: DTZ001
    frame = pd.DataFrame(
        {
            "price": rng.lognormal(3, 1, rows),
            "count": pd.array(rng.integers(0, 50, rows), dtype="Int64"),
            "member": pd.array(rng.random(rows) < 0.5, dtype="boolean"),
            "city": rng.choice(["Bern", "Basel", "Chur", "Genf", "Visp"], rows, p=[0.4, 0.3, 0.2, 0.09, 0.01]),
            "product": [f"p{k}" for k in rng.integers(0, 80, rows)],
            "note": [" ".join(rng.choice(_WORDS, 7)) for _ in range(rows)],
            "day": pd.to_datetime([start + timedelta(days=int(d)) for d in rng.integers(0, 700, rows)]),
            "at": pd.to_datetime([start + timedelta(minutes=int(m)) for m in rng.integers(0, 10**6, rows)]),
        }
    ).astype({"city": object, "product": object, "note": object})
    for name in frame.columns:
        frame.loc[rng.random(rows) < gaps, name] = None
    return frame


def truth_of(frame: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """Class codes 0 and 1 that depend on price, city and the time of day."""
    rng = np.random.default_rng(seed)
    logit = np.log1p(frame["price"].fillna(20.0)) - 3 + (frame["city"] == "Chur") + rng.normal(0, 1, len(frame))
    return (logit > 0).to_numpy().astype(np.int64)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client would send them: plain Python values, None for missing."""
    return [
        {str(name): None if pd.isna(value) else plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def fields(columns: tuple[Column, ...] = COLUMNS) -> list[FeatureField]:
    return [FeatureField(name=one.name, kind="number", type=one.type, nullable=one.nullable) for one in columns]


def fitted(estimator: Any, style: Any, frame: pd.DataFrame, target: Any, classes: list[str]) -> FittedModel:
    encoder = TableEncoder(COLUMNS, style, order="at")
    encoded = encoder.fit_transform(frame, target)
    if style == "trees":
        estimator.set_params(categorical_features=encoder.categorical() or None)
    estimator.fit(encoded, target)
    task = Task.REGRESSION if not classes else Task.BINARY if len(classes) == 2 else Task.MULTICLASS
    return FittedModel(name="m", task=task, classes=classes, features=fields(), encoder=encoder, estimator=estimator)
