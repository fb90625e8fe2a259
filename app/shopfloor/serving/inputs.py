"""Rows of a scoring file with the model's own pinned types, in chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.names import nearest
from shopfloor.domain.text import safe
from shopfloor.lake.inference_parts import column_array
from shopfloor.serving import casts
from shopfloor.serving.source import RawColumn, Source, open_source, reading

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CHUNK = 65_536
_WORDS = {
    ColumnType.BOOLEAN: "true or false",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.DATE: "a date such as 2026-01-31",
    ColumnType.TIMESTAMP: "a time such as 2026-01-31T08:30:00Z",
}


class CellError(DataError):
    """A cell or column that cannot be used. `line` counts from 1; None when none is to blame."""

    default_code = "wrong_type"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Inputs:
    """A file matched with the columns that are wanted of it.

    `ignored` names the file's other columns, in its order, `absent` the optional ones that it does not have.
    """

    source: Source
    columns: tuple[Column, ...]
    raw: tuple[RawColumn, ...]
    ignored: tuple[str, ...] = field(default=())
    absent: tuple[str, ...] = field(default=())

    def batches(self, size: int = CHUNK) -> Iterator[pa.RecordBatch]:
        """The rows in order, typed, up to `size` at a time; columns by their place in `columns`.

        Raises `CellError` naming line, column and value at the first cell that does not fit.
        """
        done = 0
        with reading(self.source.fault):
            reader = self.source.connection.sql(self._query()).to_arrow_reader(size)
        while (batch := self._next(reader)) is not None:
            bad = batch.column(len(self.columns))
            if bad.true_count:
                raise self._first_misfit(done + bad.index(True).as_py())
            yield batch.select(range(len(self.columns)))
            done += batch.num_rows

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        import duckdb
        import pyarrow as pa

        with reading(self.source.fault):
            try:
                return reader.read_next_batch()
            except StopIteration:
                return None
            except (pa.ArrowException, OSError) as error:
                # Arrow's stream has no type for what DuckDB says in the middle of a file.
                raise duckdb.InvalidInputException(str(error)) from error

    def _query(self) -> str:
        places = range(len(self.columns))
        pairs = list(zip(self.columns, self.raw, strict=True))
        values = "".join(
            f"{casts.value(raw.sql, raw.native, column.type)} AS v{place}, {raw.sql} AS r{place}, "
            for place, (column, raw) in enumerate(pairs)
        )
        kept = "".join(f"v{place}, " for place in places)
        # Only a cell without a value needs the question whether it was missing.
        misfit = " OR ".join(
            f"CASE WHEN v{place} IS NULL THEN {casts.present(f'r{place}', raw.native, column.type)} ELSE false END"
            for place, (column, raw) in enumerate(pairs)
        )
        inner = f"SELECT {values} 0 FROM {self.source.relation}"
        return f"SELECT {kept} {misfit or 'false'} FROM ({inner})"

    def _first_misfit(self, row: int) -> CellError:
        """The error about row `row` (from 0), found again cell by cell."""
        cells = ", ".join(
            f"{casts.value(raw.sql, raw.native, column.type)}, "
            f"{casts.present(raw.sql, raw.native, column.type)}, CAST({raw.sql} AS VARCHAR)"
            for column, raw in zip(self.columns, self.raw, strict=True)
        )
        query = f"SELECT {cells} FROM {self.source.relation} LIMIT 1 OFFSET {row}"
        found = self.source.connection.cursor().execute(query).fetchone() or ()
        for place, column in enumerate(self.columns):
            value, present, text = found[place * 3 : place * 3 + 3]
            if present and value is None:
                return self._misfit(column, text, row)
        raise AssertionError(f"row {row} was reported as a misfit and is none")

    def _misfit(self, column: Column, text: str, row: int) -> CellError:
        line = self.source.locate(row)
        wanted = _WORDS.get(column.type, f"a {column.type.value}")
        return CellError(
            f"{self.source.unit.capitalize()} {line}, column {safe(column.name, 80)!r}: "
            f"{safe(text, 80)!r} is not {wanted}.",
            hint="Correct the value, or leave the cell empty where it is unknown.",
            line=line,
            column=column.name,
        )


def open_inputs(
    path: Path,
    columns: Sequence[Column],
    workdir: Path,
    optional: Sequence[Column] = (),
    roles: Collection[str] = (),
) -> Inputs:
    """Open `path` for the given columns, and those of `optional` that it has (they come last).

    A name may stand in both, once with each type. Raises `CellError` naming the first missing
    column. `workdir`: see `source.open_source`.
    """
    names = [column.name for column in (*columns, *optional)]
    return match_inputs(open_source(path, names, workdir), columns, optional, roles)


def match_inputs(
    source: Source, columns: Sequence[Column], optional: Sequence[Column] = (), roles: Collection[str] = ()
) -> Inputs:
    """As `open_inputs`, for a source that is open already.

    A column that is itself optional may be absent and is missing in every row then. `roles` are columns
    that are never taken for the misspelling of another: the model's target, id, time and keys.
    """
    names = {column.name for column in (*columns, *optional)}
    present = _by_name(source, names)
    absent = tuple(column for column in columns if column.name not in present)
    for column in absent:
        if not column.optional:
            raise _missing(column.name, source, columns, {*names, *roles})
        present[column.name] = RawColumn(column.name, "CAST(NULL AS VARCHAR)", "VARCHAR")
    wanted = (*columns, *(column for column in optional if column.name in present))
    ignored = tuple(raw.name for raw in source.columns if raw.name not in names)
    return Inputs(
        source,
        wanted,
        tuple(present[column.name] for column in wanted),
        ignored,
        tuple(column.name for column in absent),
    )


def to_frame(batch: pa.RecordBatch, columns: Sequence[Column]) -> pd.DataFrame:
    """The first columns of a batch as a frame with the dtypes of `lake.frame.read_parts`."""
    import pandas as pd

    data = {column.name: _series(batch.column(place), column.type) for place, column in enumerate(columns)}
    return pd.DataFrame(data, index=pd.RangeIndex(batch.num_rows))


def frame_from_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Rows of plain values as such a frame; absent fields are missing, times may be ISO text.

    Raises `DataError` for a value that does not fit its column.
    """
    import pandas as pd

    arrays = ((column, column_array([row.get(column.name) for row in rows], column)) for column in columns)
    data = {column.name: _series(array, column.type) for column, array in arrays}
    return pd.DataFrame(data, index=pd.RangeIndex(len(rows)))


def _series(values: pa.Array, kind: ColumnType) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if kind is ColumnType.INTEGER:
        if values.null_count == 0:
            return pd.Series(values.to_numpy(), dtype="int64")
        nullable: pd.Series[Any] = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return nullable
    if kind is ColumnType.BOOLEAN:
        boolean: pd.Series[Any] = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        return boolean
    if kind is ColumnType.TEXT:
        return pd.Series(np.asarray(values.to_numpy(zero_copy_only=False), dtype=object), dtype=object)
    dtype = "float64" if kind is ColumnType.NUMBER else "datetime64[us]"
    return pd.Series(values.to_numpy(zero_copy_only=False), dtype=dtype)


def _by_name(source: Source, wanted: Collection[str]) -> dict[str, RawColumn]:
    found: dict[str, RawColumn] = {}
    for raw in source.columns:
        if raw.name in found and raw.name in wanted:
            raise CellError(
                f"Column {safe(raw.name, 80)!r} appears twice in the header.",
                hint="Rename or remove one of the two.",
                code="duplicate_column",
                column=raw.name,
            )
        found[raw.name] = raw
    return found


def _missing(name: str, source: Source, columns: Sequence[Column], taken: Collection[str]) -> CellError:
    have = [raw.name for raw in source.columns]
    absent = [column.name for column in columns if column.name not in have]
    more = f" ({len(absent)} columns are missing in all)" if len(absent) > 1 else ""
    guess = nearest(name, have, taken)
    return CellError(
        f"Column {safe(name, 80)!r} is missing{more}.",
        hint="The model was trained with it." + (f" Did you mean {safe(guess, 60)!r}?" if guess else ""),
        code="missing_column",
        column=name,
    )
