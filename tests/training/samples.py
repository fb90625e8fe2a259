"""Small datasets as parts on disk, and specs to train on them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.handles import PartFile
from shopfloor.training.records import TrainSpec

COLUMNS = (
    Column(name="id", type=ColumnType.TEXT),
    Column(name="at", type=ColumnType.TIMESTAMP),
    Column(name="shop", type=ColumnType.TEXT),
    Column(name="x", type=ColumnType.NUMBER),
    Column(name="z", type=ColumnType.NUMBER),
    Column(name="outcome", type=ColumnType.TEXT),
)


def deliveries(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Orders of three shops; in shop `c` the effect of `x` is reversed. Hourly, oldest first."""
    rng = np.random.default_rng(seed)
    shop = rng.choice(["a", "b", "c"], rows)
    x, z = rng.normal(size=rows), rng.normal(size=rows)
    sign = np.where(shop == "c", -2.0, 2.0)
    late = rng.random(rows) < 1 / (1 + np.exp(-(sign * x + z)))
    return pd.DataFrame(
        {
            "id": [f"o{k}" for k in range(rows)],
            "at": pd.date_range("2024-01-01", periods=rows, freq="h").astype("datetime64[us]"),
            "shop": pd.Series(shop, dtype=object),
            "x": x,
            "z": z,
            "outcome": pd.Series(np.where(late, "late", "ok"), dtype=object),
        }
    )


def part(frame: pd.DataFrame, directory: Path, name: str = "part.parquet") -> PartFile:
    """`frame` as one part."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return PartFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=len(frame))


def spec(
    frame: pd.DataFrame,
    directory: Path,
    columns: tuple[Column, ...] = COLUMNS,
    training: dict[str, Any] | None = None,
    run: dict[str, Any] | None = None,
    **definition: Any,
) -> TrainSpec:
    """A run on `frame`; `run` overrides fields of the spec, the rest those of the definition."""
    fields = {"name": "m", "dataset": "orders", "target": "outcome", "time": "at", "id": "id", **definition}
    return TrainSpec(
        **{
            "run": "r1",
            "definition": ModelDefinition(training=Training(**(training or {})), **fields),
            "dataset_version": 1,
            "parts": (part(frame, directory),),
            "columns": columns,
            "workers": 1,
            "backend": "sequential",
            **(run or {}),
        }
    )


def silent(fraction: float, stage: str) -> None:
    """A progress that nobody watches."""
