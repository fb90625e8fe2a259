"""The sandbox's database: metadata attached read-only, datasets and logs as views over Arrow.

DuckDB itself may open no file: it is Arrow, called by name from here, that reads the parts. So there is no
path that a statement could name, and nothing that it could write to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from shopfloor.domain.errors import IntegrityError
from shopfloor.duck.sql import fenced, lock, text
from shopfloor.duck.sql import name as quoted
from shopfloor.upkeep.question import Question
from shopfloor.workspace.layout import Layout

# Words after which a statement may list or inspect views that it does not name.
_CATALOG_WORDS = ("show", "information_schema", "duckdb_", "pragma_", "sqlite_master", "pg_", "query_table")
_VERSION = re.compile(r'"([^"@]+)@(\d{1,9})"')

# Makes Arrow's side of a view and returns the view's SELECT.
Maker = Callable[[str], str]


@dataclass
class SqlSandbox:
    """An open database: what can be named, and what cannot be shown because its stored bytes are damaged."""

    connection: duckdb.DuckDBPyConnection
    names: list[str] = field(default_factory=list)
    damaged: dict[str, IntegrityError] = field(default_factory=dict)


@contextmanager
def open_sandbox(question: Question) -> Iterator[SqlSandbox]:
    """Build the views that the statement names, then lock everything."""
    limits = question.limits
    connection = fenced(
        memory_mb=limits.memory_mb, threads=limits.threads, temp=Path(question.scratch), temp_mb=limits.scratch_mb
    )
    try:
        connection.execute(f"ATTACH {text(question.database)} AS metadata (READ_ONLY)")
        # Arrow's side of the views lies in a database of its own, which SHOW TABLES does not list.
        connection.execute("ATTACH ':memory:' AS arrow")
        connection.execute("CREATE SCHEMA data")
        sandbox = SqlSandbox(connection)
        layout = Layout(Path(question.workspace))
        makers = _makers(connection, layout) | _version_makers(connection, layout, question.statement)
        _add_views(sandbox, makers, question.statement)
        connection.execute("SET search_path = 'metadata.main,memory.data'")
        lock(connection, files=False)
        yield sandbox
    finally:
        connection.close()


def _add_views(sandbox: SqlSandbox, makers: dict[str, Maker], statement: str) -> None:
    """Opening a part costs time, so only views that the statement may mean are made."""
    lowered = statement.lower()
    everything = any(word in lowered for word in _CATALOG_WORDS)
    for name, make in makers.items():
        if not everything and name.lower() not in lowered:
            continue
        try:
            body = make(name)
        except IntegrityError as error:
            sandbox.damaged[name.lower()] = error  # only a matter for a statement that means it
            continue
        sandbox.connection.execute(f"CREATE VIEW data.{quoted(name)} AS {body}")
    tables = sandbox.connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'metadata'")
    sandbox.names = sorted({*makers, *(row[0] for row in tables.fetchall())})


def _makers(connection: duckdb.DuckDBPyConnection, layout: Layout) -> dict[str, Maker]:
    """View name to what makes it. Names with `-` or `.` can also be written with `_`."""
    found: dict[str, Maker] = {}
    datasets = connection.execute("SELECT name FROM metadata.datasets WHERE version > 0 ORDER BY name").fetchall()
    models = connection.execute(
        "SELECT name FROM metadata.models UNION SELECT model FROM metadata.inference_parts ORDER BY 1"
    ).fetchall()
    for (dataset,) in datasets:
        found[dataset] = partial(_dataset, connection, layout, dataset, None)
    for (model,) in models:
        found.setdefault(f"predictions_{model}", partial(_log, connection, layout, model, "predictions"))
        found.setdefault(f"actuals_{model}", partial(_log, connection, layout, model, "actuals"))
        found.setdefault(f"losses_{model}", partial(_log, connection, layout, model, "losses"))
    for name, make in list(found.items()):
        found.setdefault(name.replace("-", "_").replace(".", "_"), make)
    return found


def _version_makers(connection: duckdb.DuckDBPyConnection, layout: Layout, statement: str) -> dict[str, Maker]:
    """Views of the versions that a statement names: "flights@3". Only those, as there may be thousands."""
    lowered = {(name.lower(), int(number)) for name, number in _VERSION.findall(statement)}
    found: dict[str, Maker] = {}
    for dataset, version in connection.execute("SELECT dataset, version FROM metadata.dataset_versions").fetchall():
        if (dataset.lower(), version) in lowered:
            found[f"{dataset}@{version}"] = partial(_dataset, connection, layout, dataset, version)
    return found


def _dataset(
    connection: duckdb.DuckDBPyConnection, layout: Layout, dataset: str, version: int | None, name: str
) -> str:
    from shopfloor.upkeep.arrow_views import DatasetView

    return DatasetView(connection, layout, dataset, version)(name)


def _log(connection: duckdb.DuckDBPyConnection, layout: Layout, model: str, kind: str, name: str) -> str:
    from shopfloor.upkeep.arrow_views import LogView

    return LogView(connection, layout, model, kind)(name)
