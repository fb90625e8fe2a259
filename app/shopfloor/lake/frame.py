"""Parts as one pandas frame, every byte verified first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.handles import PartFile
from shopfloor.lake.table import chosen, read_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

_VALUES = 2_000_000  # that are read at once


def read_parts(
    parts: Sequence[PartFile],
    columns: Sequence[Column],
    select: Sequence[str] | None = None,
    *,
    rows: NDArray[np.intp] | None = None,
) -> pd.DataFrame:
    """The rows of `parts`, in order, or those at the places `rows`, as a frame with a range index and these dtypes.

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

    data = {
        column.name: series_of(values if rows is None else values.take(rows), column.type)
        for column, values in read_columns(parts, columns, select)
    }
    # Columns of one type are not copied once more, to lie side by side.
    index = pd.RangeIndex(sum(part.rows for part in parts) if rows is None else len(rows))
    return pd.DataFrame(data, index=index, copy=False)


def read_columns(
    parts: Sequence[PartFile], columns: Sequence[Column], select: Sequence[str] | None = None
) -> Iterator[tuple[Column, pa.ChunkedArray]]:
    """The columns of `read_parts` one after the other, as Arrow's; texts are dictionaries (`coded_texts`).

    A few are read at once, so that no more than these are in memory twice. It raises as `read_parts` does.
    """
    wanted = chosen(columns, select)
    step = max(1, _VALUES // max(sum(part.rows for part in parts), 1))
    for start in range(0, max(len(wanted), 1), step):
        some = wanted[start : start + step]
        table = read_table(parts, columns, [column.name for column in some], coded=True)
        yield from zip(some, table.columns, strict=True)


def series_of(values: pa.ChunkedArray | pa.Array, kind: ColumnType) -> pd.Series:
    """A column of a table with the dtype of `read_parts`."""
    import numpy as np
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
        codes, texts = coded_texts(values)
        return pd.Series(np.append(texts, [None])[codes], dtype=object, copy=False)
    dtype = "float64" if kind is ColumnType.NUMBER else "datetime64[us]"
    return pd.Series(values.to_numpy(zero_copy_only=False), dtype=dtype)


def coded_texts(values: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """The place of each row's text among the distinct ones, (rows,), -1 is missing; and these, each one object."""
    import numpy as np
    import pyarrow as pa

    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    chunks = [one if pa.types.is_dictionary(one.type) else one.dictionary_encode() for one in chunks]
    if not chunks:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=object)
    every = pa.concat_arrays([one.dictionary for one in chunks]).dictionary_encode()
    places, start, codes = np.append(every.indices.to_numpy(), -1).astype(np.intp), 0, []
    for one in chunks:
        held = len(one.dictionary)
        own = np.append(places[start : start + held], -1)
        codes.append(own[one.indices.fill_null(held).to_numpy()])
        start += held
    return np.concatenate(codes), every.dictionary.to_numpy(zero_copy_only=False)
