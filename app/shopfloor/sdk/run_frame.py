"""Runs as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_frame(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The file of a `RunExport`: a row a run in the order asked for, its columns under their names."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, memory_map=False)
    place = table.column(len(columns)).to_numpy()
    frame: pd.DataFrame = (
        table.select(range(len(columns))).take(place.argsort()).rename_columns(list(columns)).to_pandas()
    )
    return frame
