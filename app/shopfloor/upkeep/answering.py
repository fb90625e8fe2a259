"""Answering one question inside the sandboxed child."""

from __future__ import annotations

import json
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
            _check(question.statement, sandbox.connection)
            return _collect(sandbox, question)
    except MemoryError:
        raise _too_big(question.limits.memory_mb) from None


def _check(statement: str, parser: duckdb.DuckDBPyConnection) -> None:
    """Refuse anything but exactly one statement that only reads.

    DuckDB takes `WITH x AS (INSERT …)` and `(COPY …)` for a SELECT, so the parsed tree is searched too.
    """
    try:
        found = parser.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(_words(error), hint=_WHAT, code="sql_syntax") from None
    if not found:
        raise UsageError("There is no statement.", hint=_WHAT, code="sql_empty")
    if len(found) > 1:
        raise RefusedError(f"These are {len(found)} statements.", hint="Run one at a time.", code="sql_many")
    kind = str(found[0].type).rpartition(".")[2]
    if kind != "SELECT":
        hint = f"{_WHAT} A PIVOT needs its values: PIVOT … ON x IN ('a', 'b')." if kind == "MULTI" else _WHAT
        raise RefusedError(f"{kind.replace('_', ' ')} is not allowed here.", hint=hint, code="sql_not_select")
    trees = parser.execute("SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", [statement]).fetchall()
    writes = {verb for (tree,) in trees for verb in _writes(json.loads(tree))}
    if writes:
        raise RefusedError(f"WITH … {min(writes)} changes data.", hint=_WHAT, code="sql_not_select")


def _writes(tree: Any) -> set[str]:
    """The verbs of nodes such as INSERT_QUERY_NODE, anywhere in a parsed statement."""
    if isinstance(tree, list):
        return {verb for item in tree for verb in _writes(item)}
    if not isinstance(tree, dict):
        return set()
    kind = tree.get("type")
    own = {kind.removesuffix("_QUERY_NODE")} if isinstance(kind, str) and kind.endswith("_QUERY_NODE") else set()
    return own | {verb for item in tree.values() for verb in _writes(item)}


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
    words = _words(error)
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


def _words(error: duckdb.Error) -> str:
    """The first paragraph of DuckDB's message, without the name of its class."""
    lines = str(error).strip().split("\n\n")[0].splitlines() or [type(error).__name__]
    return lines[0].removeprefix(f"{lines[0].partition(' Error: ')[0]} Error: ")


def _too_big(memory_mb: int) -> RefusedError:
    return RefusedError(
        f"The query needs more than {memory_mb} MB.",
        hint="Narrow it: WHERE, fewer columns, aggregate first.",
        code="query_memory",
    )
