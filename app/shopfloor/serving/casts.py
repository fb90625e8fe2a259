"""Cells of a file as values of a pinned type, in SQL. A cell that does not fit becomes NULL and is
told apart from a missing one.

DuckDB's own casts are too kind here: they round '1.5' to 2, read '0x10' as 16 and '2024_01' as a
number, and drop a time zone. So each cast stands behind a condition; for numbers a cheap one, since
a pattern match on each cell made reading five times slower.
"""

from __future__ import annotations

from shopfloor.domain.columns import EXACT, ColumnType

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_ZONE = r"(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)"
_MISSING = ("", "na", "n/a", "nan", "null", "none", "nat", "<na>")
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
     "UBIGINT", "UHUGEINT"}
)  # fmt: skip


def present(cell: str, native: str, kind: ColumnType) -> str:
    """SQL: whether `cell` (of DuckDB type `native`) holds something. A text may say `NA`."""
    if native != "VARCHAR":
        nan = f" AND NOT isnan({cell})" if native in {"FLOAT", "DOUBLE"} else ""
        return f"({cell} IS NOT NULL{nan})"
    if kind is ColumnType.TEXT:
        return f"(coalesce({cell}, '') <> '')"
    return f"(lower(trim(coalesce({cell}, ''))) NOT IN ({_words(_MISSING)}))"


def value(cell: str, native: str, kind: ColumnType) -> str:
    """SQL: `cell` as `kind`; NULL when missing or when it does not fit."""
    if native in _INTEGERS:
        return _from_integer(cell, kind)
    if native in {"FLOAT", "DOUBLE"} or native.startswith("DECIMAL"):
        return _from_float(f"CAST({cell} AS DOUBLE)", kind)
    if native == "BOOLEAN":
        return _from_boolean(cell, kind)
    if native == "DATE" or native.startswith("TIMESTAMP"):
        return _from_moment(cell, native, kind)
    if native == "VARCHAR" or native.startswith("ENUM"):
        return _from_text(f"CAST({cell} AS VARCHAR)", kind)
    return f"CAST(NULL AS {_TYPES[kind]})"


_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "TIMESTAMP",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def _from_text(text: str, kind: ColumnType) -> str:
    cell = f"trim({text})"
    if kind is ColumnType.TEXT:
        return f"nullif({text}, '')"
    if kind is ColumnType.BOOLEAN:
        return (
            f"CASE WHEN lower({cell}) IN ({_words(_TRUE)}) THEN true "
            f"WHEN lower({cell}) IN ({_words(_FALSE)}) THEN false END"
        )
    if kind is ColumnType.NUMBER:
        return _finite(_number(text))
    if kind is ColumnType.INTEGER:
        # The float decides whether it is whole ("3.0" is), the other cast keeps all 64 bits.
        number = _number(text)
        return f"CASE WHEN isfinite({number}) AND {number} = trunc({number}) THEN TRY_CAST({text} AS BIGINT) END"
    moment = _moment(cell)
    return _midnight(moment) if kind is ColumnType.DATE else moment


def _from_integer(cell: str, kind: ColumnType) -> str:
    if kind is ColumnType.BOOLEAN:
        return f"CASE {cell} WHEN 0 THEN false WHEN 1 THEN true END"
    if kind.temporal:
        return "CAST(NULL AS TIMESTAMP)"
    return f"TRY_CAST({cell} AS {_TYPES[kind]})"


def _from_float(number: str, kind: ColumnType) -> str:
    if kind is ColumnType.NUMBER:
        return _finite(number)
    if kind is ColumnType.INTEGER:
        return _whole(number)
    if kind is ColumnType.BOOLEAN:
        return f"CASE {number} WHEN 0 THEN false WHEN 1 THEN true END"
    if kind is ColumnType.TEXT:
        # An id that pandas has widened to 17.0 is still 17.
        return f"coalesce(CAST({_whole(number)} AS VARCHAR), CAST({_finite(number)} AS VARCHAR))"
    return "CAST(NULL AS TIMESTAMP)"


def _from_boolean(cell: str, kind: ColumnType) -> str:
    if kind.temporal:
        return "CAST(NULL AS TIMESTAMP)"
    return f"CAST({cell} AS {_TYPES[kind]})"


def _from_moment(cell: str, native: str, kind: ColumnType) -> str:
    # Through the epoch: a cast from a zoned type would use the session's time zone.
    moment = (
        f"make_timestamp(epoch_us({cell}))" if native == "TIMESTAMP WITH TIME ZONE" else f"CAST({cell} AS TIMESTAMP)"
    )
    if kind is ColumnType.TIMESTAMP:
        return moment
    if kind is ColumnType.DATE:
        return _midnight(moment)
    if kind is ColumnType.TEXT:
        return f"CAST({cell} AS VARCHAR)"
    return f"CAST(NULL AS {_TYPES[kind]})"


def _number(text: str) -> str:
    return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS DOUBLE) END"


def _finite(number: str) -> str:
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _whole(number: str) -> str:
    fits = f"isfinite({number}) AND {number} = trunc({number}) AND abs({number}) <= {EXACT}"
    return f"CASE WHEN {fits} THEN TRY_CAST({number} AS BIGINT) END"


def _midnight(moment: str) -> str:
    return f"CASE WHEN {moment} = date_trunc('day', {moment}) THEN {moment} END"


def _moment(cell: str) -> str:
    """ISO 8601 text as a moment in UTC; text without a zone is in UTC already."""
    pattern = f"{_DAY}([T ]{_TIME} ?{_ZONE}?)?"
    plain = f"regexp_replace({cell}, ' ?{_ZONE}$', '')"
    timed = f"regexp_full_match({cell}, '{_DAY}[T ].*')"
    zone = f"CASE WHEN {timed} THEN regexp_extract({cell}, '([+-])([0-9]{{2}}):?([0-9]{{2}})?$', %d) ELSE '' END"
    minutes = (
        f"(CASE WHEN {zone % 1} = '-' THEN -1 ELSE 1 END * "
        f"(coalesce(TRY_CAST({zone % 2} AS INTEGER), 0) * 60 "
        f"+ coalesce(TRY_CAST({zone % 3} AS INTEGER), 0)))"
    )
    local = f"TRY_CAST(CASE WHEN {timed} THEN {plain} ELSE {cell} END AS TIMESTAMP)"
    return f"CASE WHEN regexp_full_match({cell}, '{pattern}') THEN {local} - to_minutes({minutes}) END"


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
