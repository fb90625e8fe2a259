"""Parts as one pandas frame, every byte verified first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.lake.objects import verify
from shopfloor.lake.retype import as_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_parts(
    parts: Sequence[PartFile], columns: Sequence[Column], select: Sequence[str] | None = None
) -> pd.DataFrame:
    """The rows of `parts`, in order, as a frame with a range index and these dtypes.

    | type      | dtype                                                            |
    |-----------|------------------------------------------------------------------|
    | integer   | `int64`; `Int64` when a value is missing                         |
    | number    | `float64`, missing is NaN                                        |
    | boolean   | `boolean` (nullable)                                             |
    | text      | `object` of `str`, missing is None                               |
    | date      | `datetime64[us]` at midnight, missing is NaT                     |
    | timestamp | `datetime64[us]` without a zone, in UTC, missing is NaT          |

    `columns` are those of the dataset version; `select` names some of them and their order. A
    column that an older part lacks is missing there. Raises `IntegrityError` naming the part
    whose bytes are not what was written, `DataError` for an unknown name in `select` and for
    values that cannot be read as the column's type.
    """
    import pandas as pd

    wanted = _select(columns, select)
    chunks: dict[str, list[Any]] = {column.name: [] for column in wanted}
    rows = 0
    for part in parts:
        rows += _read_into(chunks, part, wanted)
    data = {column.name: series(_joined(chunks[column.name], column), column.type) for column in wanted}
    return pd.DataFrame(data, index=pd.RangeIndex(rows))


def _select(columns: Sequence[Column], select: Sequence[str] | None) -> list[Column]:
    if select is None:
        return list(columns)
    known = {column.name: column for column in columns}
    for name in select:
        if name not in known:
            raise DataError(
                f"There is no column {safe(name, 80)!r} in this dataset version.",
                hint=did_you_mean(name, known),
                code="column_unknown",
            )
    return [known[name] for name in dict.fromkeys(select)]


def _read_into(chunks: dict[str, list[Any]], part: PartFile, wanted: Sequence[Column]) -> int:
    """Append one array per wanted column; return the part's row count."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(part.path)
    verify(path, part.sha256)
    with pq.ParquetFile(path) as file:
        present = set(file.schema_arrow.names)
        table = file.read(columns=[column.name for column in wanted if column.name in present])
        rows = int(file.metadata.num_rows)
    if rows != part.rows:
        raise IntegrityError(
            f"The stored part {path.name} holds {rows} rows where {part.rows} were recorded.",
            hint="Run `shopfloor doctor`.",
            code="part_damaged",
        )
    for column in wanted:
        if column.name in present:
            chunks[column.name].append(_cast(table.column(column.name), column, path))
        else:
            chunks[column.name].append(pa.nulls(rows, _arrow_type(column.type)))
    return rows


def _arrow_type(kind: ColumnType) -> Any:
    import pyarrow as pa

    return {
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.TEXT: pa.large_string(),
        ColumnType.DATE: pa.timestamp("us"),
        ColumnType.TIMESTAMP: pa.timestamp("us"),
    }[kind]


def _cast(values: Any, column: Column, path: Path) -> Any:
    """`values` as the column's type; a contract may have been widened since the part was made."""
    import pyarrow as pa

    kind = _arrow_type(column.type)
    if values.type == kind:
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        # The instants are in UTC already; only the label goes.
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    if column.type is ColumnType.TEXT and not pa.types.is_string(values.type):
        return as_text(values)
    try:
        return values.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"Column {safe(column.name, 80)!r} of part {path.name[:12]} cannot be read as "
            f"{column.type.value}: {safe(error, 160)}",
            hint="Set the column's type in the contract back to what the part was written with.",
            code="column_retyped",
        ) from None


def _joined(arrays: list[Any], column: Column) -> Any:
    """One chunked array of the column's own Arrow type."""
    import pyarrow as pa

    chunks = [chunk for array in arrays for chunk in getattr(array, "chunks", [array])]
    return pa.chunked_array(chunks, type=_arrow_type(column.type))


def series(values: pa.Array | pa.ChunkedArray, kind: ColumnType) -> pd.Series[Any]:
    """Values of a column type as one pandas column (see `read_parts`)."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if kind is ColumnType.INTEGER and values.null_count:
        nullable: pd.Series[Any] = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return nullable
    if kind is ColumnType.BOOLEAN:
        boolean: pd.Series[Any] = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        return boolean
    if kind is ColumnType.TEXT:
        # An explicit object array: pandas 3 would make its own string dtype with NaN inside.
        return pd.Series(np.asarray(values, dtype=object), dtype=object)
    dtype = {ColumnType.INTEGER: "int64", ColumnType.NUMBER: "float64"}.get(kind, "datetime64[us]")
    return pd.Series(np.asarray(values), dtype=dtype)
