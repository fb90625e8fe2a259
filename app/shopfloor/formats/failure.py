"""What an error of DuckDB says about a file, and what it says about the machine instead."""

from __future__ import annotations

from pathlib import Path

import duckdb

from shopfloor.domain.file import Reason
from shopfloor.duck.refusal import refused
from shopfloor.formats.file_format import FileFormat, first_line
from shopfloor.formats.reasons.files import parser_crashed, too_large_in_memory


def reason_of(error: Exception, format: FileFormat, path: Path, memory_mb: int) -> Reason:
    """The reason why the prepared file at `path` cannot be read, from the error that reading it raised.

    Raises `OSError` when the system refused something, and the error again when it is in our own SQL:
    then the file is not to blame.
    """
    if isinstance(error, duckdb.ParserException):
        raise error
    message = str(error)
    refusal = refused(error)
    if refusal is not None:
        raise refusal from error
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return too_large_in_memory(memory_mb)
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        return parser_crashed(first_line(message))
    return format.reason(message, path)
