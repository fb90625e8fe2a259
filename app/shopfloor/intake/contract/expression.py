"""SQL that people write in a contract: one scalar expression over the columns of one row, and nothing more.

The text itself never becomes part of a statement. DuckDB parses it; every node of the tree is checked
against what is known to be harmless, columns become the table's own, and SQL is made from the tree again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from shopfloor.domain.column_names import fold
from shopfloor.domain.columns import Column
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean, nearest
from shopfloor.domain.text import safe
from shopfloor.duck.sql import SQL_TYPES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST = 10_000
_NODES = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION"}
) | {"OPERATOR", "TYPE"}
_TYPE_NAMES = """
bigint bool boolean date decimal double float hugeint int int64 integer interval numeric real smallint string text
time timestamp tinyint ubigint uinteger varchar
"""
_TYPES = frozenset(_TYPE_NAMES.split())
_CLOCK = frozenset({"current_date", "current_timestamp", "localtimestamp"})  # SQL writes them without brackets
_OPERATORS = frozenset(
    ["!~~", "!~~*", "%", "&", "*", "**", "+", "-", "/", "//", "<<", ">>", "^", "^@", "|", "||", "~", "~~", "~~*", "~~~"]
)
# Only what depends on its arguments and nothing else, and gives little back for little: no repeat, no range.
_NAMES = """
abs ascii cbrt ceil ceiling century char_length character_length chr coalesce concat concat_ws contains
current_date current_localtimestamp damerau_levenshtein date_diff date_part date_sub date_trunc datediff
datepart datetrunc day dayname dayofmonth dayofweek dayofyear decade editdist3 ends_with epoch epoch_ms even
exp floor fmod greatest hamming hour if ifnull instr isfinite isinf isnan isodow isoyear jaccard
jaro_similarity jaro_winkler_similarity julian last_day lcase least left len length levenshtein like_escape
ilike_escape list_value ln log log10 log2 lower ltrim make_date make_timestamp microsecond millisecond minute
mod month monthname nfc_normalize not_ilike_escape not_like_escape now nullif octet_length ord pi position pow
power prefix quarter regexp_extract regexp_full_match regexp_matches regexp_replace replace reverse right
round round_even rtrim second sign split_part sqrt starts_with strftime strip_accents strlen strpos strptime
struct_pack substr substring suffix time_bucket to_centuries to_days to_hours to_microseconds to_milliseconds
to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years today translate trim trunc
try_strptime typeof ucase unicode upper week weekday weekofyear xor year yearweek
"""
_FUNCTIONS = _OPERATORS | frozenset(_NAMES.split())


def expression(connection: DuckDBPyConnection, sql: str, columns: Sequence[Column]) -> str:
    """`sql`, a true-or-false expression over `columns`, as SQL over k0, k1, … in their order.

    Raises `ConfigError` for anything else: more than one expression, a subquery, a table, a file, a
    setting, an unknown column or function, another type.
    """
    tree = _parse(connection, sql)
    body = _only_expression(tree)
    places = {fold(column.name): f"k{i}" for i, column in enumerate(columns)}
    _walk(body, places, [column.name for column in columns])
    made = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree)]).fetchall()[0][0]
    safe_sql = str(made).removeprefix("SELECT ")
    _check_type(connection, safe_sql, columns)
    return safe_sql


def check_pattern(connection: DuckDBPyConnection, pattern: str) -> None:
    """Raise `ConfigError` for a pattern that DuckDB's regular expressions (RE2) do not know."""
    try:
        connection.execute("SELECT regexp_full_match('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise ConfigError(
            f"is not a regular expression: {_first_line(error)}",
            hint="The syntax is RE2's: no look-ahead, no back-references.",
            code="bad_rule",
        ) from error


def _parse(connection: DuckDBPyConnection, sql: str) -> dict[str, Any]:
    if len(sql) > _LONGEST or "\0" in sql:
        raise _refused("is too long or holds NUL characters")
    text = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {sql}\n"]).fetchall()[0][0]
    tree: dict[str, Any] = json.loads(text)
    if tree.get("error"):
        message = str(tree.get("error_message", "")).splitlines()[0]
        raise _refused(f"is not a SQL expression: {safe(message, 160)}")
    return tree


def _only_expression(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The one expression of a statement that has nothing else: no FROM, no second statement."""
    statements = tree["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    bare = (
        node.get("type") == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and len(node["select_list"]) == 1
        and not node["select_list"][0].get("alias")
        and not any(node.get(key) for key in ("modifiers", "group_expressions", "group_sets", "sample"))
        and not any(node.get(key) for key in ("where_clause", "having", "qualify"))
        and not node["cte_map"]["map"]
    )
    if not bare:
        raise _refused("must be a single expression over the columns, not a statement")
    body: dict[str, Any] = node["select_list"][0]
    return body


def _walk(node: Any, places: Mapping[str, str], names: Sequence[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _walk(each, places, names)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and kind not in _NODES:
        raise _refused(f"may not hold a {str(kind).lower().replace('_', ' ')}")
    if kind == "COLUMN_REF":
        _place(node, places, names)
    elif kind == "TYPE" and str(node["type_name"]).lower() not in _TYPES:
        raise _refused(f"may not hold the type {safe(str(node['type_name']), 60)}")
    elif kind == "FUNCTION":
        _check_function(node)
    for key, value in node.items():
        if key != "literal":
            _walk(value, places, names)


def _place(node: dict[str, Any], places: Mapping[str, str], names: Sequence[str]) -> None:
    path = node["column_names"]
    found = places.get(fold(str(path[-1]))) if len(path) == 1 else None
    if found is None and len(path) == 1 and str(path[0]).lower() in _CLOCK:
        return
    if found is None:
        word = ".".join(map(str, path))
        raise _refused(f"names a column {safe(word, 80)!r} that the contract does not have", did_you_mean(word, names))
    node["column_names"] = [found]


def _check_function(node: Mapping[str, Any]) -> None:
    name = str(node["function_name"]).lower()
    qualified = node.get("schema") or node.get("catalog") or len(node.get("qualified_name", {}).get("path", [1])) > 1
    if name not in _FUNCTIONS or qualified:
        known = _FUNCTIONS - _OPERATORS
        raise _refused(f"may not call {safe(name, 60)!r}", did_you_mean(name, known) if nearest(name, known) else "")
    if node.get("filter") or node.get("distinct") or node.get("order_bys", {}).get("orders"):
        raise _refused("is evaluated row by row, so it cannot aggregate")


def _check_type(connection: DuckDBPyConnection, sql: str, columns: Sequence[Column]) -> None:
    row = ", ".join(f"NULL::{SQL_TYPES[column.type]} AS k{i}" for i, column in enumerate(columns)) or "1"
    try:
        kind = connection.execute(f"SELECT typeof({sql}) FROM (SELECT {row})").fetchall()[0][0]
    except duckdb.Error as error:
        raise _refused(f"does not fit the columns' types: {_first_line(error)}") from error
    if kind != "BOOLEAN":
        raise _refused(f"must be true or false for each row; this gives {kind}")


def _refused(why: str, hint: str = "") -> ConfigError:
    return ConfigError(f"{why}.", hint=hint or "Compare columns, for example: arrival >= departure", code="bad_rule")


def _first_line(error: Exception) -> str:
    return safe(str(error).splitlines()[0], 160)
