"""Answering one question inside the sandboxed child."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import RefusedError, ShopfloorError, UsageError
from shopfloor.domain.names import did_you_mean, nearest
from shopfloor.domain.requests.workspace import QueryTable
from shopfloor.duck.select import parsed_select, words_of_error
from shopfloor.upkeep.question import Question
from shopfloor.upkeep.views import SqlSandbox, open_sandbox

_BATCH = 1_000
_WHAT = "A question is one SELECT over metadata, datasets and logs."
_INTEGERS = range(-(2**63), 2**64)
# Types whose values DuckDB hands to Python as Arrow would.
_PYTHON = {"boolean", "tinyint", "smallint", "integer", "bigint", "float", "double", "varchar"}


def answer(question: Question) -> QueryTable:
    """Check, run and collect; raises `ShopfloorError` with the reason in words."""
    try:
        with open_sandbox(question) as sandbox:
            parsed_select(sandbox.connection, question.statement, what=_WHAT)
            return _collect(sandbox, question)
    except MemoryError:
        raise _too_big(question.limits.memory_mb) from None


def _collect(sandbox: SqlSandbox, question: Question) -> QueryTable:
    try:
        relation = sandbox.connection.sql(question.statement)
        columns = tuple(relation.columns)
        values = _values(sandbox, relation, question.statement)
        rows, truncated = _rows(values, question.limit, question.limits.answer_mb << 20)
    except duckdb.Error as error:
        raise _translated(error, sandbox, question) from None
    return QueryTable(columns=columns, rows=tuple(rows), truncated=truncated)


def _rows(found: Iterable[tuple[Any, ...]], limit: int, room: int) -> tuple[list[tuple[Any, ...]], bool]:
    rows: list[tuple[Any, ...]] = []
    for values in found:
        row = tuple(map(plain, values))
        room -= len(to_json(row))
        if len(rows) == limit or room < 0:
            return rows, True
        rows.append(row)
    return rows, False


def _values(sandbox: SqlSandbox, relation: duckdb.DuckDBPyRelation, statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows, batch by batch. Arrow hands over what DuckDB's own Python values cannot hold (months of an interval,
    a year 294247), and is loaded only then: it is half of the child's start.
    """
    if not {kind.id for kind in relation.types} <= _PYTHON:
        from shopfloor.upkeep.arrow_rows import arrow_rows

        yield from arrow_rows(relation.to_arrow_reader(_BATCH))
        return
    sandbox.connection.execute(statement)
    while batch := sandbox.connection.fetchmany(_BATCH):
        yield from batch


def plain(value: Any) -> Any:
    """A value as JSON can hold it: times in UTC, whole decimals as integers, bytes as hex digits."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if value in _INTEGERS else str(value)
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            if not value.is_finite():
                return None
            return plain(int(value)) if value == value.to_integral_value() else float(value)
        case datetime():
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        case bytes():
            return value.hex()
        case list():
            return [plain(item) for item in value]
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case tuple() if type(value).__name__ == "MonthDayNano":  # Arrow's, which need not be loaded here
            months, days, nanoseconds = value
            return f"P{months}M{days}DT{nanoseconds / 1e9:g}S"
        case tuple():
            return [plain(item) for item in value]
        case _:
            return str(value)


def _translated(error: duckdb.Error, sandbox: SqlSandbox, question: Question) -> ShopfloorError:
    words = words_of_error(error)
    match error:
        case duckdb.PermissionException():
            return RefusedError("A query cannot read or write files.", hint=_WHAT, code="sql_files")
        case duckdb.OutOfMemoryException():
            return _too_big(question.limits.memory_mb)
        case duckdb.CatalogException() | duckdb.BinderException():
            damaged = sandbox.damaged.get(_unknown_table(words).lower())
            return damaged or UsageError(words, hint=_suggestion(words, sandbox), code="sql_name")
        case duckdb.ParserException():
            return UsageError(words, hint=_WHAT, code="sql_syntax")
        case _ if "configuration" in words:
            return RefusedError("A query cannot change settings.", hint=_WHAT, code="sql_files")
        case _:
            return UsageError(words, hint="Check types and values.", code="sql_failed")


def _suggestion(words: str, sandbox: SqlSandbox) -> str:
    name = _unknown_table(words)
    dataset, at, _ = name.partition("@")
    if at:
        return f"Its versions: shopfloor dataset versions {dataset}"
    if not name:
        return "SHOW TABLES lists tables, DESCRIBE NAME their columns."
    close = nearest(name, sandbox.names)
    return did_you_mean(name, sandbox.names) if close else "SHOW TABLES lists them."


def _unknown_table(words: str) -> str:
    return words.partition("Table with name ")[2].partition(" does not exist")[0]


def _too_big(memory_mb: int) -> RefusedError:
    return RefusedError(
        f"The query needs more than {memory_mb} MB.",
        hint="Narrow it: WHERE, fewer columns, aggregate first.",
        code="query_memory",
    )
