"""Create a database in a finished state, and bring an older one up to date."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import duckdb

from shopfloor.domain.errors import StoreError
from shopfloor.domain.failpoint import reach

_NUMBERED = re.compile(r"^(\d{4})_\w+\.sql$")


def scripts() -> dict[int, str]:
    """Number to SQL text of every migration."""
    found: dict[int, str] = {}
    for entry in resources.files("shopfloor.store.migrations").iterdir():
        match = _NUMBERED.match(entry.name)
        if match:
            found[int(match.group(1))] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def newest() -> int:
    """The schema number that this program writes."""
    return max(scripts())


def create(path: Path, workspace_id: str) -> None:
    """A new database at `path` with the newest schema, checkpointed and closed."""
    connection = duckdb.connect(str(path))
    try:
        connection.execute("BEGIN")  # one sync instead of one a statement
        for script in scripts().values():
            connection.execute(script)
        connection.execute(
            "INSERT INTO meta VALUES ('schema', ?), ('workspace', ?), ('epoch', '0')", [str(newest()), workspace_id]
        )
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def current(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema number of an open database."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if row is None:
        raise StoreError("The metadata store has no schema number.", hint="Restore a backup: shopfloor restore")
    return int(row[0])


def upgrade(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply the missing migrations, each in a transaction with its number; refuse a newer schema.

    The store has made a backup. A kill leaves the old schema or the new one.
    """
    have = current(connection)
    if have > newest():
        raise StoreError(
            f"The metadata store has schema {have}, this program knows {newest()}.",
            hint="Install the newer shopfloor that wrote it.",
            code="schema_newer",
        )
    for number, script in scripts().items():
        if number > have:
            connection.execute("BEGIN")
            connection.execute(script)
            reach("store.migrating")
            connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(number)])
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
