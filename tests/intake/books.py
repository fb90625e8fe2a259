"""Workbooks for tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl

_at = datetime.fromisoformat
TABLE: list[list[Any]] = [
    ["id", "day", "at", "code", "x", "ok", "t"],
    [1, date(2026, 1, 31), _at("2026-01-31T10:05"), "007", 2.5, True, 'ü, "quoted"\nand on'],
    [2, date(2026, 2, 1), _at("2026-02-01"), "010", 3, False, None],
    [],
    [3, None, _at("2026-02-01T01:00"), "1", None, None, "x"],
]
ROWS = 3


def book(rows: Sequence[Sequence[Any]], edit: Callable[[Any], object] | None = None) -> bytes:
    """A workbook of one sheet with these rows, after `edit` of the sheet."""
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    if edit is not None:
        edit(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def repacked(data: bytes, parts: dict[str, bytes]) -> bytes:
    """The workbook with other content for some of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in [*old.namelist(), *(set(parts) - set(old.namelist()))]:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return out.getvalue()


def check_table(result: Any, frame: Any) -> None:
    """`TABLE` came in with its types, whatever kind of workbook held it."""
    assert {c.name: c.type.value for c in result.columns} == {
        "id": "integer", "day": "date", "at": "timestamp", "code": "text", "x": "number", "ok": "boolean", "t": "text",
    }  # fmt: skip
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["code"].tolist() == ["007", "010", "1"]
    assert [v.isoformat() for v in frame["at"]] == ["2026-01-31T10:05:00", "2026-02-01T00:00:00", "2026-02-01T01:00:00"]
    assert frame["ok"].tolist()[:2] == [True, False]
