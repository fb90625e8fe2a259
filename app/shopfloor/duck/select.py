"""One SELECT that a person wrote, parsed by DuckDB: nothing that writes passes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb

from shopfloor.domain.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def parsed_select(connection: DuckDBPyConnection, statement: str, *, what: str) -> dict[str, Any]:
    """The node of the one SELECT in `statement`, as DuckDB serializes it; `what` says in a sentence what is expected.

    DuckDB takes `WITH x AS (INSERT …)` and `(COPY …)` for a SELECT, so the parsed tree is searched too. Raises
    `UsageError` for what cannot be parsed, `RefusedError` for anything but exactly one statement that only reads.
    """
    try:
        found = connection.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(words_of_error(error), hint=what, code="sql_syntax") from None
    if not found:
        raise UsageError("There is no statement.", hint=what, code="sql_empty")
    if len(found) > 1:
        raise RefusedError(f"These are {len(found)} statements.", hint="Run one at a time.", code="sql_many")
    kind = str(found[0].type).rpartition(".")[2]
    if kind != "SELECT":
        hint = f"{what} A PIVOT needs its values: PIVOT … ON x IN ('a', 'b')." if kind == "MULTI" else what
        raise RefusedError(f"{kind.replace('_', ' ')} is not allowed here.", hint=hint, code="sql_not_select")
    text = connection.execute("SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", [statement]).fetchall()[0][0]
    tree: dict[str, Any] = json.loads(text)
    writes = set(_writes(tree))
    if writes:
        raise RefusedError(f"WITH … {min(writes)} changes data.", hint=what, code="sql_not_select")
    statements = tree.get("statements") or [{}]
    node: dict[str, Any] = statements[0].get("node", {})
    return node


def words_of_error(error: duckdb.Error) -> str:
    """The first paragraph of DuckDB's message, without the name of its class."""
    lines = str(error).strip().split("\n\n")[0].splitlines() or [type(error).__name__]
    return lines[0].removeprefix(f"{lines[0].partition(' Error: ')[0]} Error: ")


def _writes(tree: Any) -> set[str]:
    """The verbs of nodes such as INSERT_QUERY_NODE, anywhere in a parsed statement."""
    if isinstance(tree, list):
        return {verb for item in tree for verb in _writes(item)}
    if not isinstance(tree, dict):
        return set()
    kind = tree.get("type")
    own = {kind.removesuffix("_QUERY_NODE")} if isinstance(kind, str) and kind.endswith("_QUERY_NODE") else set()
    return own | {verb for item in tree.values() for verb in _writes(item)}
