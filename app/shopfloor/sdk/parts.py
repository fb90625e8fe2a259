"""Parquet parts as one table, every byte verified first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.requests.datasets import DatasetFiles
from shopfloor.domain.text import safe

if TYPE_CHECKING:
    import pyarrow as pa


def read_parts(files: DatasetFiles, workspace: Path, names: Sequence[str] | None) -> pa.Table:
    """The rows of all parts in order, with the version's columns or those in `names`.

    A column that an older part lacks is missing in its rows. Raises `IntegrityError` for changed
    or missing bytes and `DataError` for an unknown name.
    """
    import pyarrow as pa

    wanted = selected(files.columns, names)
    schema = _schema(wanted)
    tables = [_read(part, workspace, wanted, schema) for part in files.parts]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def read_batches(files: DatasetFiles, workspace: Path, names: Sequence[str] | None, rows: int) -> pa.RecordBatchReader:
    """The same rows as batches of at most `rows`, reading one part after another while they are taken."""
    import pyarrow as pa

    wanted = selected(files.columns, names)
    schema = _schema(wanted)
    parts = (_part_batches(part, workspace, wanted, schema, rows) for part in files.parts)
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(parts))


def part_paths(files: DatasetFiles, workspace: Path) -> list[Path]:
    """Where the parts lie, in order, each checked against its digest."""
    for part in files.parts:
        _verified(part, workspace)
    return [workspace / part.path for part in files.parts]


def _schema(wanted: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(column.name, _type(column)) for column in wanted])


def selected(columns: Sequence[Column], names: Sequence[str] | None) -> list[Column]:
    if names is None:
        return list(columns)
    known = {column.name: column for column in columns}
    for name in names:
        if name not in known:
            raise DataError(
                f"There is no column {safe(name, 80)!r} in this version.",
                hint=did_you_mean(name, known),
                code="no_column",
            )
    return [known[name] for name in dict.fromkeys(names)]


def _type(column: Column) -> Any:
    import pyarrow as pa

    return {
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.TEXT: pa.large_string(),
        ColumnType.DATE: pa.timestamp("us"),
        ColumnType.TIMESTAMP: pa.timestamp("us"),
    }[column.type]


def _read(part: PartFile, workspace: Path, wanted: Sequence[Column], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = _verified(part, workspace)
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        present = set(file.schema_arrow.names)
        table = file.read(columns=[each.name for each in wanted if each.name in present])
        rows = file.metadata.num_rows
    return _shaped(table, rows, schema)


def _part_batches(
    part: PartFile, workspace: Path, wanted: Sequence[Column], schema: pa.Schema, rows: int
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = _verified(part, workspace)
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        present = set(file.schema_arrow.names)
        names = [each.name for each in wanted if each.name in present]
        if not names:
            yield from _shaped(pa.table({}), file.metadata.num_rows, schema).to_batches(max_chunksize=rows)
            return
        for batch in file.iter_batches(batch_size=rows, columns=names):
            yield from _shaped(pa.Table.from_batches([batch]), batch.num_rows, schema).to_batches()


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


def _verified(part: PartFile, workspace: Path) -> pa.Buffer:
    """The bytes of a part: what was hashed is what is parsed, even if the file changes meanwhile."""
    import pyarrow as pa

    path = workspace / part.path
    try:
        with pa.memory_map(str(path)) as mapped:
            content = mapped.read_buffer()
    except FileNotFoundError:
        raise _damaged(path, "is missing") from None
    if hashlib.sha256(memoryview(content)).hexdigest() != part.sha256:
        raise _damaged(path, "has changed on disk")
    return content


def _damaged(path: Path, what: str) -> IntegrityError:
    return IntegrityError(
        f"The stored part {path.name} {what}.",
        hint="Run `shopfloor doctor`, or restore from a backup. Nothing was read from it.",
        code="part_damaged",
    )


def _cast(values: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        # The instants are in UTC already; only the label goes.
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    if pa.types.is_large_string(field.type) and not pa.types.is_string(values.type):
        return _as_text(values)
    try:
        return values.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"Column {safe(field.name, 80)!r} cannot be read as {field.type}: {safe(error, 160)}",
            hint="Its type in the contract was changed to one that does not fit older rows.",
            code="column_retyped",
        ) from None


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of a column that became text, as DuckDB writes them: `Dataset.sql` gives the same."""
    import duckdb
    import pyarrow as pa

    table = pa.table({"v": values})
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        found = connection.from_arrow(table).project("v::VARCHAR AS v").to_arrow_table()
    return found.column("v").cast(pa.large_string())
