"""Small Parquet parts for tests."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.handles import PartFile

ARROW = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}


def part(folder: Path, columns: list[Column], rows: list[tuple[object, ...]]) -> PartFile:
    """A part that holds `rows`, named by its content."""
    arrays = [pa.array([row[i] for row in rows], ARROW[column.type]) for i, column in enumerate(columns)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=[column.name for column in columns]), sink)
    content = sink.getvalue().to_pybytes()
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"{sha256}.parquet"
    path.write_bytes(content)
    return PartFile(path=str(path), sha256=sha256, rows=len(rows))
