"""Parts as one pandas frame, every byte verified first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.handles import PartFile
from shopfloor.lake.table import chosen, read_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

_VALUES = 8_000_000  # that are read at once


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

    types = {column.name: column.type for column in columns}
    names = [column.name for column in chosen(columns, select)]
    rows = sum(part.rows for part in parts)
    data: dict[str, pd.Series] = {}
    # Some columns after the other: what was read of them is copied and goes.
    step = max(1, _VALUES // max(rows, 1))
    for start in range(0, max(len(names), 1), step):
        table = read_table(parts, columns, names[start : start + step])
        data |= {name: series_of(table.column(name), types[name]) for name in table.column_names}
    # Columns of one type are not copied once more, to lie side by side.
    return pd.DataFrame(data, index=pd.RangeIndex(rows), copy=False)


def series_of(values: pa.ChunkedArray | pa.Array, kind: ColumnType) -> pd.Series:
    """A column of a table with the dtype of `read_parts`."""
    import pandas as pd
    import pyarrow as pa

    if kind is ColumnType.INTEGER:
        if values.null_count == 0:
            return pd.Series(values.to_numpy(), dtype="int64")
        nullable: pd.Series = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return nullable
    if kind is ColumnType.BOOLEAN:
        boolean: pd.Series = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        return boolean
    if kind is ColumnType.TEXT:
        # An explicit object array: pandas 3 would make its own string dtype with NaN inside.
        return pd.Series(_texts(values), dtype=object, copy=False)
    dtype = "float64" if kind is ColumnType.NUMBER else "datetime64[us]"
    return pd.Series(values.to_numpy(zero_copy_only=False), dtype=dtype)


def _texts(values: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """Equal texts are one object."""
    import numpy as np
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    coded = values.dictionary_encode()
    texts = np.full(len(coded.dictionary) + 1, None, dtype=object)
    texts[:-1] = coded.dictionary.to_numpy(zero_copy_only=False)
    found: NDArray[Any] = texts[coded.indices.fill_null(len(texts) - 1).to_numpy()]
    return found
