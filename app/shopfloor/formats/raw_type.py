"""The types that DuckDB gives to the columns of typed files, and what they are to a table."""

from __future__ import annotations

from enum import Enum

from shopfloor.domain.columns import ColumnType
from shopfloor.formats.shape import TEXT

BYTES = "BLOB"


class Family(Enum):
    """DuckDB's types by how their values become values of ours."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    WIDE = "wide"
    WHOLE = "whole"
    FLOAT = "float"
    DECIMAL = "decimal"
    DATE = "date"
    STAMP = "stamp"
    FINE_STAMP = "fine stamp"
    BYTES = "bytes"
    TEXT = "text"
    WORD = "word"
    NESTED = "nested"
    NULL = "null"


_TYPES = {
    Family.BOOLEAN: ColumnType.BOOLEAN,
    Family.INTEGER: ColumnType.INTEGER,
    Family.WIDE: ColumnType.INTEGER,
    Family.WHOLE: ColumnType.INTEGER,
    Family.FLOAT: ColumnType.NUMBER,
    Family.DECIMAL: ColumnType.NUMBER,
    Family.DATE: ColumnType.DATE,
    Family.STAMP: ColumnType.TIMESTAMP,
    Family.FINE_STAMP: ColumnType.TIMESTAMP,
    Family.BYTES: ColumnType.TEXT,
    Family.TEXT: ColumnType.TEXT,
    Family.WORD: ColumnType.TEXT,
    Family.NESTED: ColumnType.TEXT,
    Family.NULL: ColumnType.UNKNOWN,
}

_FAMILIES = {
    "BOOLEAN": Family.BOOLEAN,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), Family.INTEGER),
    **dict.fromkeys(("UBIGINT", "HUGEINT", "UHUGEINT"), Family.WIDE),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Family.FLOAT),
    "DATE": Family.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE"), Family.STAMP),
    **dict.fromkeys(("TIMESTAMP_NS", "TIMESTAMPTZ_NS"), Family.FINE_STAMP),
    BYTES: Family.BYTES,
    TEXT: Family.TEXT,
    **dict.fromkeys(("UUID", "TIME", "TIME WITH TIME ZONE", "TIME_NS", "INTERVAL"), Family.WORD),
    "VARIANT": Family.NESTED,
    **dict.fromkeys(('"NULL"', "NULL"), Family.NULL),
}


def raw_type(raw: str) -> ColumnType | None:
    """The type that a column of a typed file gets; None for what has no place in a table."""
    family = family_of(raw)
    return None if family is None else _TYPES[family]


def whole_beyond_64_bits(raw: str) -> bool:
    """True for types of whole numbers that hold more than an integer does: text, where one really is larger."""
    return family_of(raw) in {Family.WIDE, Family.WHOLE}


def nested(raw: str) -> bool:
    """True for lists, structs and maps, which become JSON text."""
    return family_of(raw) is Family.NESTED


def family_of(raw: str) -> Family | None:
    """The family of one of DuckDB's types; None for what has no place in a table."""
    if raw.endswith("]") or raw.startswith(("STRUCT(", "MAP(", "UNION(")):
        return Family.NESTED
    if raw.startswith("DECIMAL("):
        # Databases export ids and account numbers so: as doubles they would change beyond 2^53.
        return Family.WHOLE if raw.endswith(",0)") else Family.DECIMAL
    return _FAMILIES.get(raw)
