"""Parts as one Arrow table, every byte verified first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.lake.objects import verify_parts
from shopfloor.lake.retype import as_text

if TYPE_CHECKING:
    import pyarrow as pa


def read_table(
    parts: Sequence[PartFile], columns: Sequence[Column], select: Sequence[str] | None = None, *, coded: bool = False
) -> pa.Table:
    """The rows of all parts in order, with the version's columns or those that `select` names, in its order.

    Dates and times are `timestamp[us]` in UTC without a zone; texts are dictionaries when they shall be `coded`. A
    column that an older part lacks is missing in its rows. Raises `IntegrityError` naming the part whose bytes are not
    what was written, and `DataError` for an unknown name and for values that cannot be read as the column's type.
    """
    import pyarrow as pa

    schema = _schema(chosen(columns, select), coded=coded)
    tables = [_read(part, schema) for part in parts]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def read_batches(
    parts: Sequence[PartFile], columns: Sequence[Column], select: Sequence[str] | None, rows: int
) -> pa.RecordBatchReader:
    """The same rows as batches of at most `rows`, reading one part after another while they are taken."""
    import pyarrow as pa

    schema = _schema(chosen(columns, select))
    return pa.RecordBatchReader.from_batches(
        schema, chain.from_iterable(_part_batches(part, schema, rows) for part in parts)
    )


def chosen(columns: Sequence[Column], select: Sequence[str] | None) -> list[Column]:
    """The columns that `select` names, in its order; all without it. Raises `DataError` for an unknown name."""
    if select is None:
        return list(columns)
    known = {column.name: column for column in columns}
    names = ColumnNames(known)
    for name in select:
        if name not in names:
            raise DataError(
                f"There is no column {safe(name, 80)!r} in this dataset version.",
                hint=did_you_mean(name, known),
                code="column_unknown",
            )
    return [known[name] for name in dict.fromkeys(map(names.spelled, select))]


def arrow_type(kind: ColumnType) -> pa.DataType:
    """How values of a column are read."""
    import pyarrow as pa

    return {
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.TEXT: pa.large_string(),
        ColumnType.DATE: pa.timestamp("us"),
        ColumnType.TIMESTAMP: pa.timestamp("us"),
    }[kind]


def _schema(wanted: Sequence[Column], *, coded: bool = False) -> pa.Schema:
    import pyarrow as pa

    types = ((column.name, arrow_type(column.type)) for column in wanted)
    texts = pa.dictionary(pa.int32(), arrow_type(ColumnType.TEXT))
    return pa.schema([(name, texts if coded and pa.types.is_large_string(kind) else kind) for name, kind in types])


def _read(part: PartFile, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    verify_parts([part])
    metadata = pq.read_metadata(part.path)
    present = set(metadata.schema.to_arrow_schema().names)
    known = _dictionaries(metadata)
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type) and field.name in known]
    with pq.ParquetFile(part.path, metadata=metadata, read_dictionary=coded) as file:
        table = file.read(columns=[name for name in schema.names if name in present])
        rows = _counted(part, file)
    return _shaped(table, rows, schema)


def _dictionaries(metadata: Any) -> set[str]:
    """The columns that are written as dictionaries throughout: Arrow reads no other ones as such, and texts of which
    nearly each occurs once are written by their lengths."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
    others = {one.path_in_schema for one in chunks if any(name.startswith("DELTA") for name in one.encodings)}
    return {one.path_in_schema for one in chunks} - others


def _part_batches(part: PartFile, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    verify_parts([part])
    with pq.ParquetFile(part.path, memory_map=True) as file:
        present = set(file.schema_arrow.names)
        held = _counted(part, file)
        names = [name for name in schema.names if name in present]
        if not names:
            yield from _shaped(pa.table({}), held, schema).to_batches(max_chunksize=rows)
            return
        for batch in file.iter_batches(batch_size=rows, columns=names):
            yield from _shaped(pa.Table.from_batches([batch]), batch.num_rows, schema).to_batches()


def _counted(part: PartFile, file: Any) -> int:
    rows = int(file.metadata.num_rows)
    if rows != part.rows:
        raise IntegrityError(
            f"The stored part {Path(part.path).name} holds {rows} rows where {part.rows} were recorded.",
            hint="Run `shopfloor doctor`.",
            code="part_damaged",
        )
    return rows


def _shaped(table: pa.Table, rows: int, schema: pa.Schema) -> pa.Table:
    """With every column of `schema` and its type; one that is not there is missing in all rows."""
    import pyarrow as pa

    columns = [
        _cast(table.column(field.name), field)
        if field.name in table.column_names
        else pa.chunked_array([pa.nulls(rows, field.type)])
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _cast(values: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """`values` as the column's type; a contract may have been widened since the part was made."""
    import pyarrow as pa

    if values.type == field.type:
        return values
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        # The instants are in UTC already; only the label goes.
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    if not _is_text(values.type) and _is_text(field.type):
        values = as_text(values)
    try:
        return values.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"Column {safe(field.name, 80)!r} cannot be read as {field.type}: {safe(error, 160)}",
            hint="Set the column's type in the contract back to what older rows were written with.",
            code="column_retyped",
        ) from None
