"""A new workspace's database as a copy of one: making its schema takes DuckDB longer than many a test."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from shopfloor.store import migrate

_SCRIPTS = migrate.scripts()
_make = migrate.create
_folder = TemporaryDirectory(prefix="shopfloor-")  # lasts as long as the process


@cache
def template() -> Path:
    """A new database."""
    path = Path(_folder.name) / "metadata.duckdb"
    _make(path, "w")
    return path


def use(made: Path) -> None:
    """From now on each new database of this process is a copy of `made`, which nobody changes or removes."""

    def create(path: Path, workspace_id: str) -> None:
        if migrate.scripts() == _SCRIPTS:
            shutil.copyfile(made, path)
        else:  # a test of another schema
            _make(path, workspace_id)

    migrate.create = create
