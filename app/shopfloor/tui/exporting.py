"""Records as text for a file or a clipboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.csv_text import csv_text
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.record import Record


def write(records: Sequence[Record], path: Path) -> None:
    """Write JSON, or CSV when the name ends so; an existing file is not touched.

    Raises `RefusedError` when the file exists or cannot be written.
    """
    text = as_csv(records) if path.suffix.lower() == ".csv" else as_json(records)
    try:
        with path.open("x", encoding="utf-8", newline="") as handle:
            handle.write(text)
    except FileExistsError as error:
        raise RefusedError(f"{path} already exists.", hint="Choose another name.", code="exists") from error
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror or error}.", code="not_written") from error


def as_json(records: Sequence[Record]) -> str:
    """One JSON array."""
    return json.dumps([msgspec.to_builtins(one) for one in records], indent=2, ensure_ascii=True) + "\n"


def as_csv(records: Sequence[Record]) -> str:
    """A line a record, a column a field; nested values as JSON."""
    rows = [msgspec.to_builtins(one) for one in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text(names, ([_cell(row.get(name)) for name in names] for row in rows)).text


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=True) if isinstance(value, dict | list) else value
