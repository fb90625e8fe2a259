"""What an error of DuckDB says about a file, and what it says about the machine instead."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from shopfloor.domain.errors import StoreError
from shopfloor.domain.file import Reason
from shopfloor.formats import reasons
from shopfloor.formats.format import Format
from shopfloor.formats.json_faults import broken_entry
from shopfloor.formats.locate import malformed_line
from shopfloor.formats.shape import Shape

_STAGED = re.compile(r'^Failed to read file "[^"]*": ')


def reason_of(error: Exception, shape: Shape | None, path: Path, memory_mb: int) -> Reason:
    """The reason why the file at `path` cannot be read, from the error that reading it raised.

    Raises `StoreError` when the disk is full, and the error again when it is in our own SQL: then
    the file is not to blame.
    """
    if isinstance(error, duckdb.ParserException):
        raise error
    message = str(error)
    if "No space left" in message or "Disk quota" in message:
        raise StoreError(
            "The disk is full, so the file cannot be ingested now.",
            hint="Free disk space; the file stays in place and is retried.",
            code="disk_full",
        ) from error
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return reasons.too_large_in_memory(memory_mb)
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        return reasons.crashed(_first_line(message))
    if (shape is not None and shape.format is Format.PARQUET) or "arquet" in message:
        return _parquet(message)
    if shape is not None and shape.format is Format.JSON:
        return json_reason(message, path, array=shape.array)
    return _csv(message)


def json_reason(message: str, path: Path, *, array: bool) -> Reason:
    """Why DuckDB's JSON reader refused the file."""
    if "maximum_object_size" in message:
        return reasons.json_shape("an object is larger than 16 MB")
    if "duplicate key" in message:
        return reasons.json_shape("an object has the same key twice")
    if "recursion depth" in message:
        return reasons.json_shape("it is nested more than 128 levels deep")
    if "Expected OBJECT" in message:
        return reasons.json_shape("not every entry is an object")
    if array:
        return reasons.json_malformed(*broken_entry(path))
    line, why = malformed_line(path)
    return reasons.json_malformed(line, why)


def _parquet(message: str) -> Reason:
    if "No magic bytes" in message or "too small" in message:
        return reasons.parquet_truncated()
    # DuckDB names the staged copy, which says nothing to the person who delivered the file.
    return reasons.parquet_damaged(_STAGED.sub("", _first_line(message)))


def _csv(message: str) -> Reason:
    if "unicode" in message or "utf-8" in message:
        return reasons.not_utf8(None)
    if "Maximum line size" in message or "max_line_size" in message:
        return reasons.line_too_long(None)
    if "state machine" in message:
        return reasons.unreadable("its quotes and line ends do not fit together.")
    return reasons.unreadable(_first_line(message))


def _first_line(message: str) -> str:
    return message.removeprefix("Invalid Input Error: ").split("\n", 1)[0]
