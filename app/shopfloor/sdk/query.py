"""SQL over the parts of one version, in the notebook's own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError, UsageError
from shopfloor.domain.requests.datasets import DatasetFiles
from shopfloor.domain.text import safe

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def query(files: DatasetFiles, paths: Sequence[Path], statement: str) -> pa.Table:
    """Answer `statement`, in which `dataset` is a view of all rows of `paths` with the version's columns.

    Raises `UsageError` with DuckDB's words for a wrong statement, `DataError` for a value that
    cannot be read as its column's type.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE VIEW dataset AS {_rows(files.columns, paths)}")
        try:
            answer = connection.sql(statement)
            if answer is None:
                raise UsageError("The statement gives no rows.", hint="Ask with SELECT.", code="sql_not_select")
            return answer.to_arrow_table()
        except duckdb.ConversionException as error:
            raise DataError(safe(error, 300), hint="See the column's type in the contract.", code="sql_value") from None
        except duckdb.Error as error:
            raise UsageError(safe(str(error).partition("\n\n")[0], 300), hint=_hint(files), code="sql_failed") from None


def _hint(files: DatasetFiles) -> str:
    names = ", ".join(safe(column.name, 40) for column in files.columns[:20])
    return f"The view dataset has the columns {names}."


def _rows(columns: Sequence[Column], paths: Sequence[Path]) -> str:
    """Parts of one layout are read together, in their order; what they lack is a typed null."""
    import pyarrow.parquet as pq

    groups: list[tuple[list[tuple[str, str]], list[Path]]] = []
    for path in paths:
        layout = [(field.name, str(field.type)) for field in pq.read_schema(path)]
        if not groups or groups[-1][0] != layout:
            groups.append((layout, []))
        groups[-1][1].append(path)
    selects = [_select(columns, {name for name, _ in layout}, held) for layout, held in groups]
    return " UNION ALL ".join(selects) or f"{_select(columns, set(), [])} WHERE false"


def _select(columns: Sequence[Column], stored: set[str], paths: Sequence[Path]) -> str:
    items = (
        f"{_quoted(column.name) if column.name in stored else 'NULL'}::{_TYPES[column.type]} AS {_quoted(column.name)}"
        for column in columns
    )
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"SELECT {', '.join(items)}" + (f" FROM read_parquet([{listed}])" if paths else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
