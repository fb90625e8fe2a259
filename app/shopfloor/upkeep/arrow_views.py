"""Views over parts and logs, which Arrow reads. Imported when a statement names one: Arrow takes a while to load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.dataset as arrow
import pyarrow.parquet as parquet

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.stored_object import ObjectKind
from shopfloor.duck.sql import name as quoted
from shopfloor.duck.sql import select_list, text
from shopfloor.lake.objects import part_path, verify_published
from shopfloor.workspace.layout import Layout

_TYPES = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}
_PREDICTIONS = (
    "association_id VARCHAR, at TIMESTAMP, model_version BIGINT, segment VARCHAR, prediction VARCHAR, "
    "model_prediction VARCHAR, threshold DOUBLE, humility VARCHAR, humility_action VARCHAR, seconds DOUBLE"
)
_LOSSES = (
    "row UBIGINT, at TIMESTAMP, delivery BIGINT, actual VARCHAR, prediction VARCHAR, loss DOUBLE, "
    "model_version BIGINT, trust VARCHAR"
)
_ACTUALS = "association_id VARCHAR, actual VARCHAR, arrived_at TIMESTAMP"


@dataclass(frozen=True)
class DatasetView:
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
        paths = _verified([part_path(self.layout.objects, sha256) for (sha256,) in parts])
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
        the files of the first delivery did not agree. Else the newest part is enough.
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


# The jobs that took actuals out of deliveries on which nobody relies.
_UNRELIABLE = """
SELECT jobs.id FROM metadata.jobs JOIN metadata.delivery_trust
ON delivery_trust.version = CAST(jobs.record->>'$.payload.dataset_version' AS INTEGER)
AND delivery_trust.dataset = coalesce(
    jobs.record->>'$.payload.dataset', (SELECT arg_max(dataset, number) FROM metadata.runs WHERE model = $model))
WHERE (delivery_trust.trust = 'broken' OR delivery_trust.record->>'$.withdrawn' IS NOT NULL)
"""


@dataclass(frozen=True)
class LogView:
    """The inference log of a model; of actuals only the newest of each association id, without those of deliveries
    that are broken or were withdrawn, and of losses the newest of each row and version.
    """

    connection: duckdb.DuckDBPyConnection
    layout: Layout
    model: str
    kind: str

    def __call__(self, name: str) -> str:
        rows = self.connection.execute(
            "SELECT coalesce(model_version, 0), source, list(path ORDER BY created_at) FROM metadata.inference_parts "
            "WHERE model = $model AND kind = $kind AND NOT (kind = 'actuals' AND source = 'delivery' "
            f"AND origin IN ({_UNRELIABLE})) GROUP BY ALL ORDER BY 1, 2",
            {"model": self.model, "kind": self.kind},
        ).fetchall()
        body = self._union(rows, name) if rows else f"SELECT {_nothing(self._columns())} WHERE false"
        if self.kind == "predictions":
            return body
        key, last = ("model_version, row", "delivery") if self.kind == "losses" else ("association_id", "arrived_at")
        if self.kind == "losses" and rows:
            body = f"SELECT losses.*, {self._trust()} AS trust FROM ({body}) losses"
        newest = f"row_number() OVER (PARTITION BY {key} ORDER BY {last} DESC) = 1"
        return f"SELECT * FROM ({body}) QUALIFY {newest}"

    def _trust(self) -> str:
        """SQL of whether the delivery that brought a row is trusted: what nothing speaks against is."""
        known = self.connection.execute(
            "SELECT version, CASE WHEN record->>'$.withdrawn' IS NULL THEN trust ELSE 'withdrawn' END AS said "
            "FROM metadata.delivery_trust WHERE dataset = "
            "(SELECT arg_max(dataset, number) FROM metadata.runs WHERE model = ?) AND said <> 'trusted'",
            [self.model],
        ).fetchall()
        doubts = " ".join(f"WHEN {version} THEN {text(said)}" for version, said in known)
        return f"CASE delivery {doubts} ELSE 'trusted' END" if doubts else "'trusted'"

    def _union(self, rows: list[tuple[int, str, list[str]]], name: str) -> str:
        """Versions have different inputs: groups of equal columns are read together, then united by name."""
        groups: dict[tuple[pa.Schema, str], list[str]] = {}
        for version, _, stored in rows:
            paths = _verified([self.layout.root / path for path in stored], ObjectKind.LOG)
            # Each row of a prediction says its version; the number of a version is younger than its losses.
            more = f", {version}::BIGINT AS model_version" if self.kind == "losses" else ""
            groups.setdefault((parquet.read_schema(paths[-1]).remove_metadata(), more), []).extend(paths)
        bodies = [
            _hand_in(self.connection, f"{name} {number}", arrow.dataset(paths, schema=schema, format="parquet"), more)
            for number, ((schema, more), paths) in enumerate(groups.items())
        ]
        return " UNION ALL BY NAME ".join(bodies)

    def _columns(self) -> str:
        return {"predictions": _PREDICTIONS, "actuals": _ACTUALS, "losses": _LOSSES}[self.kind]


def _hand_in(connection: duckdb.DuckDBPyConnection, name: str, source: arrow.Dataset | pa.Table, more: str = "") -> str:
    """Let DuckDB scan something of Arrow's; returns the SELECT for it, with `more` columns."""
    connection.execute("USE arrow")
    connection.from_arrow(source).create_view(name)
    connection.execute("USE memory")
    return f"SELECT *{more} FROM arrow.main.{quoted(name)}"


def _nothing(columns: str) -> str:
    pairs = (column.strip().split(" ") for column in columns.split(","))
    return ", ".join(f"NULL::{kind} AS {name}" for name, kind in pairs)


def _verified(paths: list[Path], kind: ObjectKind = ObjectKind.PART) -> list[str]:
    """The paths, once their bytes are what their names say; raises `IntegrityError`."""
    verify_published(paths, kind)
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
