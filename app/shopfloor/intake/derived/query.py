"""The query of a derived dataset: what it reads, whether its result is repeatable, and how that grows with an input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb

from shopfloor.domain.errors import ConfigError, RefusedError, UsageError
from shopfloor.domain.names import split_ref
from shopfloor.domain.text import safe
from shopfloor.duck.select import parsed_select

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Tree = dict[str, Any]

_WHAT = "A query is one SELECT over other datasets, such as: SELECT * FROM flights JOIN weather USING (day)."
_LONGEST = 100_000
_SOURCES = frozenset({"BASE_TABLE", "JOIN", "SUBQUERY", "EXPRESSION_LIST", "EMPTY", "PIVOT", "CTE"})
"""What a FROM may hold, beside the functions below: nothing that reads files, settings or the catalog."""
_ROW_MAKERS = frozenset({"generate_series", "range", "unnest"})
_CLOCK = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})
_KEEPS_LEFT_ROWS = frozenset({"INNER", "LEFT", "SEMI", "ANTI"})
"""Joins in which each row of the left side gives its own rows of the result."""


@dataclass(frozen=True)
class DatasetQuery:
    """A query that was checked. `tables` are the datasets that it reads as it spells them, in order, each once.

    `growing` is the table whose additional rows add rows to the result and change none, as long as the other tables
    stay as they are; None where there is none, or nobody can tell. `ordered`: its rows have an order of their own, that
    of the query's ORDER BY or of the one table that it reads; else nothing but their values orders them.
    """

    tables: tuple[str, ...]
    growing: str | None
    ordered: bool


def plain(name: str) -> str:
    """What is the same for a dataset's name and a table's in SQL: `my-data` may be written my_data."""
    return name.lower().replace("-", "_").replace(".", "_")


@lru_cache(maxsize=256)
def read_query(text: str) -> DatasetQuery:
    """Check a query. Raises `ConfigError` for what is no SELECT, reads anything but datasets, or gives other rows when
    it is asked again (a clock, a random number, a sample).
    """
    if len(text) > _LONGEST:
        raise _wrong("is too long.", f"At most {_LONGEST} characters.")
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        try:
            node = parsed_select(connection, text, what=_WHAT)
        except (UsageError, RefusedError) as error:
            raise _wrong(f"cannot be used: {safe(error.message, 200)}", error.hint) from None
        _check(node, _unrepeatable(connection))
        tables = tuple(dict.fromkeys(_tables(node, frozenset())))
        aggregates = _functions(connection, "function_type = 'aggregate'")
    if not tables:
        raise _wrong("reads no dataset.", _WHAT)
    return DatasetQuery(tables, _growing(node, aggregates), _has_order(node))


def newest_of(text: str) -> list[str]:
    """The datasets whose newest versions a query reads, by their `plain` names. Raises as `read_query`."""
    return [plain(table) for table in read_query(text).tables if not split_ref(table)[1]]


def _functions(connection: DuckDBPyConnection, which: str) -> frozenset[str]:
    rows = connection.execute(f"SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE {which}").fetchall()
    return frozenset(row[0] for row in rows)


def _unrepeatable(connection: DuckDBPyConnection) -> frozenset[str]:
    """Functions none of whose forms depends on its arguments alone."""
    scalar = "function_type = 'scalar' AND stability"
    return _functions(connection, f"{scalar} <> 'CONSISTENT'") - _functions(connection, f"{scalar} = 'CONSISTENT'")


def _nodes(tree: Any) -> Iterator[Tree]:
    """Every node of a tree."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _nodes(each)


def _check(node: Tree, unrepeatable: frozenset[str]) -> None:
    for each in _nodes(node):
        if each.get("sample"):
            raise _wrong("draws a sample, which is another one each time.", "Take rows by a hash of their key.")
        if "from_table" in each:
            for source in _sources(each["from_table"]):
                _check_source(source)
        name = _called(each)
        if name in unrepeatable or name in _CLOCK or (name == "age" and len(each.get("arguments", ())) == 1):
            raise _wrong(
                f"calls {safe(name, 60)}, whose result is another one each time.",
                "The rows of a derived dataset depend on its inputs alone: use a column.",
            )


def _called(node: Tree) -> str:
    """The function that a node calls; SQL writes the clock without brackets, as a column."""
    if node.get("class") == "FUNCTION":
        return str(node["function_name"]).lower()
    path: list[str] = node["column_names"] if node.get("class") == "COLUMN_REF" else []
    return path[0].lower() if len(path) == 1 and path[0].lower() in _CLOCK else ""


def _sources(table: Tree) -> Iterator[Tree]:
    """The sources that a FROM joins."""
    if table.get("type") == "JOIN":
        yield from _sources(table["left"])
        yield from _sources(table["right"])
    else:
        yield table


def _check_source(source: Tree) -> None:
    kind = str(source.get("type"))
    if kind == "TABLE_FUNCTION":
        function = str(source.get("function", {}).get("function_name", "")).lower()
        if function not in _ROW_MAKERS:
            raise _wrong(f"reads {safe(function, 60)}(…).", "It reads datasets by their names and nothing else.")
    elif kind not in _SOURCES:
        raise _wrong(f"reads a {kind.lower().replace('_', ' ')}.", _WHAT)
    elif kind == "BASE_TABLE" and (source.get("schema_name") or source.get("catalog_name")):
        raise _wrong(f"names a schema: {safe(str(source['schema_name'] or source['catalog_name']), 60)}.", _WHAT)


def _tables(tree: Any, named: frozenset[str]) -> Iterator[str]:
    """The tables that a tree reads, but for those that its WITH names."""
    if isinstance(tree, list):
        for each in tree:
            yield from _tables(each, named)
    if not isinstance(tree, dict):
        return
    if tree.get("type") == "BASE_TABLE" and str(tree["table_name"]).lower() not in named:
        yield str(tree["table_name"])
    for entry in tree.get("cte_map", {}).get("map", ()):
        own = frozenset({str(entry["key"]).lower()})
        body = entry["value"]["query_node"] if "query_node" in entry["value"] else entry["value"]["query"]
        yield from _tables(body, named | own if "RECURSIVE" in json.dumps(body)[:200] else named)
        named |= own
    yield from _tables([value for key, value in tree.items() if key != "cte_map"], named)


def _has_order(node: Tree) -> bool:
    if any(each.get("type") == "ORDER_MODIFIER" and each.get("orders") for each in node.get("modifiers", ())):
        return True
    plain_scan = node.get("type") == "SELECT_NODE" and node["from_table"]["type"] == "BASE_TABLE"
    return bool(plain_scan and not _regroups(node, frozenset()))


def _regroups(node: Tree, aggregates: frozenset[str]) -> bool:
    """Whether a SELECT makes its rows of several rows of its sources, or drops some in view of others."""
    keys = ("modifiers", "group_expressions", "group_sets", "having", "qualify", "sample")
    return bool(
        any(node.get(key) for key in keys)
        or node["cte_map"]["map"]
        or any(
            each.get("class") in {"WINDOW", "SUBQUERY"} or _called(each) in aggregates
            for part in (node["select_list"], node["where_clause"], *_conditions(node["from_table"]))
            for each in _nodes(part)
        )
    )


def _conditions(table: Tree) -> Iterator[Any]:
    while table.get("type") == "JOIN":
        yield table.get("condition")
        table = table["left"]


def _growing(node: Tree, aggregates: frozenset[str]) -> str | None:
    """The table at the very left of plain joins, where the query reads it only once."""
    if node.get("type") != "SELECT_NODE" or _regroups(node, aggregates):
        return None
    table = node["from_table"]
    while table["type"] == "JOIN":
        if table["join_type"] not in _KEEPS_LEFT_ROWS or table["ref_type"] == "POSITIONAL":
            return None
        table = table["left"]
    if table["type"] != "BASE_TABLE":
        return None
    name = str(table["table_name"])
    return name if [plain(one) for one in _tables(node, frozenset())].count(plain(name)) == 1 else None


def _wrong(why: str, hint: str) -> ConfigError:
    return ConfigError(f"The query {why}", hint=hint, code="bad_query")
