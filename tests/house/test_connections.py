"""DuckDB: every statement runs on a connection that its own code opened.

`duckdb.sql`, `duckdb.execute` and their kin share one connection of the whole process. A result that somebody
left half read there fails the next statement of somebody else, wherever that stands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).parents[2]


def shared(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every function of the module `duckdb` that is called, but for `connect`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="duckdb"), attr=name)):
                if name[0].islower() and name != "connect":
                    yield node.lineno, name


def test_no_statement_runs_on_the_connection_that_the_process_shares() -> None:
    found = [
        f"{path.relative_to(HOME)}:{line} duckdb.{name}"
        for folder in ("app", "tests", "benchmarks", "workspace_template")
        for path in sorted(HOME.joinpath(folder).rglob("*.py"))
        if "duckdb." in (text := path.read_text(encoding="utf-8"))
        for line, name in shared(ast.parse(text))
    ]
    assert found == []


def test_the_search_sees_every_way_to_use_it() -> None:
    seen = shared(ast.parse("duckdb.sql(q); duckdb.execute(q).fetchone(); duckdb.connect(); duckdb.Error(q)"))
    assert [name for _, name in seen] == ["sql", "execute"]
