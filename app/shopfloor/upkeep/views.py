"""The sandbox's database: metadata attached read-only, datasets and logs as views over Arrow.

DuckDB itself may open no file: it is Arrow, called by name from here, that reads the parts. So there is no
path that a statement could name, and nothing that it could write to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.dataset as arrow
import pyarrow.parquet as parquet

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.duck.sql import name as quoted
from shopfloor.duck.sql import select_list
from shopfloor.lake.objects import part_path
from shopfloor.upkeep.question import Question
from shopfloor.workspace.layout import Layout

_TYPES = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}
# Words after which a statement may list or inspect views that it does not name.
_CATALOG_WORDS = ("show", "information_schema", "duckdb_", "pragma_", "sqlite_master", "pg_", "query_table")
_VERSION = re.compile(r'"([^"@]+)@(\d{1,9})"')
_PREDICTIONS = "association_id VARCHAR, at TIMESTAMP, model_version BIGINT, segment VARCHAR, prediction VARCHAR"
_ACTUALS = "association_id VARCHAR, actual VARCHAR, arrived_at TIMESTAMP"

# Makes Arrow's side of a view and returns the view's SELECT.
Maker = Callable[[str], str]


@dataclass
class SqlSandbox:
    """An open database: what can be named, and what cannot be shown because a file is gone."""

    connection: duckdb.DuckDBPyConnection
    names: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


@contextmanager
def open_sandbox(question: Question) -> Iterator[SqlSandbox]:
    """Build the views that the statement names, then lock everything."""
    limits = question.limits
    pa.set_cpu_count(limits.threads)
    pa.set_io_thread_count(limits.threads)
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "memory_limit": f"{limits.memory_mb}MB",
            "threads": limits.threads,
            "temp_directory": question.scratch,
            "max_temp_directory_size": f"{limits.scratch_mb}MB",
        },
    )
    try:
        database = question.database.replace("'", "''")
        connection.execute(f"ATTACH '{database}' AS metadata (READ_ONLY)")
        # Arrow's side of the views lies in a database of its own, which SHOW TABLES does not list.
        connection.execute("ATTACH ':memory:' AS arrow")
        connection.execute("CREATE SCHEMA data")
        sandbox = SqlSandbox(connection)
        layout = Layout(Path(question.workspace))
        makers = _makers(connection, layout) | _version_makers(connection, layout, question.statement)
        _add_views(sandbox, makers, question.statement)
        for setting in (
            "TimeZone = 'UTC'",
            "python_enable_replacements = false",
            "search_path = 'metadata.main,memory.data'",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {setting}")
        yield sandbox
    finally:
        connection.close()


def _add_views(sandbox: SqlSandbox, makers: dict[str, Maker], statement: str) -> None:
    """Opening a part costs time, so only views that the statement may mean are made."""
    said = statement.lower()
    everything = any(word in said for word in _CATALOG_WORDS)
    for name, make in makers.items():
        if not everything and name.lower() not in said:
            continue
        try:
            body = make(name)
        except FileNotFoundError as error:
            sandbox.missing[name] = str(error)
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
        found[dataset] = _Dataset(connection, layout, dataset)
    for (model,) in models:
        found.setdefault(f"predictions_{model}", _Log(connection, layout, model, "predictions"))
        found.setdefault(f"actuals_{model}", _Log(connection, layout, model, "actuals"))
    for name, make in list(found.items()):
        found.setdefault(name.replace("-", "_").replace(".", "_"), make)
    return found


def _version_makers(connection: duckdb.DuckDBPyConnection, layout: Layout, statement: str) -> dict[str, Maker]:
    """Views of the versions that a statement names: "flights@3". Only those, as there may be thousands."""
    said = {(name.lower(), int(number)) for name, number in _VERSION.findall(statement)}
    found: dict[str, Maker] = {}
    for dataset, version in connection.execute("SELECT dataset, version FROM metadata.dataset_versions").fetchall():
        if (dataset.lower(), version) in said:
            found[f"{dataset}@{version}"] = _Dataset(connection, layout, dataset, version)
    return found


@dataclass(frozen=True)
class _Dataset:
    """A version of a dataset, the newest one without a number, with the columns that it has."""

    connection: duckdb.DuckDBPyConnection
    layout: Layout
    dataset: str
    version: int | None = None

    def __call__(self, name: str) -> str:
        row = self.connection.execute(
            "SELECT columns, version FROM metadata.dataset_versions "
            "WHERE dataset = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1",
            [self.dataset, self.version],
        ).fetchone()
        assert row is not None
        columns = msgspec.json.decode(row[0], type=list[Column])
        version = int(row[1])
        parts = self.connection.execute(
            "SELECT sha256 FROM metadata.dataset_parts WHERE dataset = ? AND added_version <= ? "
            "AND (removed_version IS NULL OR removed_version > ?) ORDER BY added_version, ordinal",
            [self.dataset, version, version],
        ).fetchall()
        paths = _existing([part_path(self.layout.objects, sha256) for (sha256,) in parts])
        if not paths:
            schema = pa.schema([(column.name, _TYPES[column.type]) for column in columns])
            return _hand_in(self.connection, name, schema.empty_table())
        groups = _alike(columns, paths) if self._mixed(version) else [(_schema(columns, paths[-1]), paths)]
        bodies = []
        for number, (schema, held) in enumerate(groups):
            # Names of the groups are the sandbox's own: no dataset has a space in its name.
            called = name if len(groups) == 1 else f"{name} {number}"
            bodies.append(
                _typed(
                    columns,
                    schema,
                    _hand_in(self.connection, called, arrow.dataset(held, schema=schema, format="parquet")),
                )
            )
        return " UNION ALL ".join(bodies)

    def _mixed(self, version: int) -> bool:
        """Whether parts may store a column with different types: its type was changed at some time, or
        the files of the first delivery did not agree. Else one look at the newest part is enough.
        """
        history = self.connection.execute(
            "SELECT DISTINCT columns FROM metadata.dataset_versions WHERE dataset = ? AND version <= ?",
            [self.dataset, version],
        ).fetchall()
        types: dict[str, set[ColumnType]] = {}
        for (columns,) in history:
            for column in msgspec.json.decode(columns, type=list[Column]):
                types.setdefault(column.name, set()).add(column.type)
        first = self.connection.execute(
            "SELECT count(*) FROM metadata.dataset_parts WHERE dataset = ? AND added_version = "
            "(SELECT min(added_version) FROM metadata.dataset_parts WHERE dataset = ?)",
            [self.dataset, self.dataset],
        ).fetchall()
        return any(len(kinds) > 1 for kinds in types.values()) or int(first[0][0]) > 1


@dataclass(frozen=True)
class _Log:
    """The inference log of a model; of actuals only the newest of each association id."""

    connection: duckdb.DuckDBPyConnection
    layout: Layout
    model: str
    kind: str

    def __call__(self, name: str) -> str:
        rows = self.connection.execute(
            "SELECT coalesce(model_version, 0), source, list(path ORDER BY created_at) FROM metadata.inference_parts "
            "WHERE model = ? AND kind = ? GROUP BY ALL ORDER BY 1, 2",
            [self.model, self.kind],
        ).fetchall()
        body = self._union(rows, name) if rows else f"SELECT {_nothing(self._columns())} WHERE false"
        if self.kind == "predictions":
            return body
        newest = "row_number() OVER (PARTITION BY association_id ORDER BY arrived_at DESC) = 1"
        return f"SELECT * FROM ({body}) QUALIFY {newest}"

    def _union(self, rows: list[tuple[int, str, list[str]]], name: str) -> str:
        """Versions have different inputs: groups of equal columns are read together, then united by name."""
        groups: dict[pa.Schema, list[str]] = {}
        for _, _, stored in rows:
            paths = _existing([self.layout.root / path for path in stored])
            groups.setdefault(parquet.read_schema(paths[-1]).remove_metadata(), []).extend(paths)
        bodies = [
            _hand_in(self.connection, f"{name} {number}", arrow.dataset(paths, schema=schema, format="parquet"))
            for number, (schema, paths) in enumerate(groups.items())
        ]
        return " UNION ALL BY NAME ".join(bodies)

    def _columns(self) -> str:
        return _PREDICTIONS if self.kind == "predictions" else _ACTUALS


def _hand_in(connection: duckdb.DuckDBPyConnection, name: str, source: arrow.Dataset | pa.Table) -> str:
    """Let DuckDB scan something of Arrow's; returns the SELECT for it."""
    connection.execute("USE arrow")
    connection.from_arrow(source).create_view(name)
    connection.execute("USE memory")
    return f"SELECT * FROM arrow.main.{quoted(name)}"


def _nothing(columns: str) -> str:
    pairs = (column.strip().split(" ") for column in columns.split(","))
    return ", ".join(f"NULL::{kind} AS {name}" for name, kind in pairs)


def _existing(paths: list[Path]) -> list[str]:
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(path.name)
    return [str(path) for path in paths]


def _schema(columns: list[Column], part: str) -> pa.Schema:
    """The contract's columns with the types in which a part stores them."""
    stored = parquet.read_schema(part)
    return pa.schema(
        [
            (column.name, stored.field(column.name).type if column.name in stored.names else _TYPES[column.type])
            for column in columns
        ]
    )


def _alike(columns: list[Column], paths: list[str]) -> list[tuple[pa.Schema, list[str]]]:
    """Neighbouring parts that store the columns with the same types."""
    groups: list[tuple[pa.Schema, list[str]]] = []
    for path in paths:
        schema = _schema(columns, path)
        if not groups or not groups[-1][0].equals(schema):
            groups.append((schema, []))
        groups[-1][1].append(path)
    return groups


def _typed(columns: list[Column], schema: pa.Schema, body: str) -> str:
    """The SELECT `body` with values of the version's types, where the parts were written with others."""
    if all(schema.field(column.name).type == _TYPES[column.type] for column in columns):
        return body
    return f"SELECT {select_list(columns)} FROM ({body})"
