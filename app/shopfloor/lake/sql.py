"""SQL over the parts of one version, in the process that asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column
from shopfloor.domain.errors import DataError, UsageError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.text import safe
from shopfloor.lake.source import named_rows

if TYPE_CHECKING:
    import pyarrow as pa


def query(parts: Sequence[PartFile], columns: Sequence[Column], statement: str) -> pa.Table:
    """Answer `statement`, in which `dataset` is a view of all rows of `parts` with the version's columns.

    Raises `UsageError` with DuckDB's words for a wrong statement, `DataError` for a value that
    cannot be read as its column's type.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE VIEW dataset AS {named_rows(connection, parts, columns)}")
        try:
            answer = connection.sql(statement)
            if answer is None:
                raise UsageError("The statement gives no rows.", hint="Ask with SELECT.", code="sql_not_select")
            return answer.to_arrow_table()
        except duckdb.ConversionException as error:
            raise DataError(safe(error, 300), hint="See the column's type in the contract.", code="sql_value") from None
        except duckdb.Error as error:
            words = safe(str(error).partition("\n\n")[0], 300)
            raise UsageError(words, hint=_hint(columns), code="sql_failed") from None


def _hint(columns: Sequence[Column]) -> str:
    names = ", ".join(safe(column.name, 40) for column in columns[:20])
    return f"The view dataset has the columns {names}."
