"""OpenDocument spreadsheets: read like Excel's, and measured before they are opened."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape

import pytest
from tests.intake.books import TABLE, check_table

from shopfloor.arrival.candidate import CandidateKind, classify
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.file import FileState

_NAMES = (
    "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
_MANIFEST = "<manifest>{}</manifest>"
# What LibreOffice writes below and beside every table.
_REST = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def spreadsheet(*sheets: str, entries: str = "") -> bytes:
    """A file of the format with these sheets (rows as XML)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", _MANIFEST.format(entries))
        tables = "".join(f'<table:table table:name="S{n}">{rows}{_REST}</table:table>' for n, rows in enumerate(sheets))
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMES}><office:body>'
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def row(values: Sequence[Any], more: str = "") -> str:
    return f"<table:table-row>{''.join(map(cell, values))}{more}</table:table-row>"


def cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, bool):
        kind = f'"boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, int | float):
        kind = f'"float" office:value="{value}"'
    elif isinstance(value, datetime | date):
        kind = f'"date" office:date-value="{value.isoformat()}"'
    else:
        kind = '"string"'
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f"<table:table-cell office:value-type={kind}>{lines}</table:table-cell>"


def test_typed_cells_come_in_as_from_any_workbook(bench: Any) -> None:
    result = bench.ingest({"a.ods": spreadsheet("".join(map(row, TABLE)), row(["other"]))})
    (outcome,) = result.files
    assert outcome.state is FileState.COMMITTED, outcome.reason
    assert "the first was read" in outcome.notices[0]
    frame = bench.frame(result)
    check_table(result, frame)
    assert frame["day"].isna().tolist() == [False, False, True]
    assert frame["t"].tolist() == ['ü, "quoted"\nand on', None, "x"]


def test_repeated_rows_and_cells_are_written_out(bench: Any) -> None:
    twice = row([7, "x"]).replace("<table:table-row>", '<table:table-row table:number-rows-repeated="3">')
    same = row([]).replace("</table:table-row>", "") + cell(5).replace(
        "<table:table-cell", '<table:table-cell table:number-columns-repeated="2"'
    )
    gap = '<table:table-row table:number-rows-repeated="1000"><table:table-cell/></table:table-row>'
    data = spreadsheet(row(["a", "b"]) + twice + gap + same + "</table:table-row>")
    contract = Contract(name="d", reject_budget=1.0)
    frame = bench.frame(bench.ingest({"a.ods": data}, contract))
    assert frame["a"].tolist() == [7, 7, 7, 5]
    assert frame["b"].tolist() == ["x", "x", "x", "5"]


HEAD = row(["a", "b"])
UNKNOWN = '<table:table-cell table:formula="of:=1+1"/>'
ERROR = (
    '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
)
WIDE = cell(1).replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="16384"')
BOMB = f'<table:table-row table:number-rows-repeated="1048576">{WIDE}</table:table-row>'
LONG = row(["x" * 200_000]).replace("<table:table-row>", '<table:table-row table:number-rows-repeated="900000">')
CASES = {
    "workbook_too_large": spreadsheet(HEAD + BOMB),
    "too_large_in_memory": spreadsheet(row(["a"]) + LONG),
    "workbook_formulas": spreadsheet(HEAD + row([1], UNKNOWN)),
    "workbook_locked": spreadsheet(HEAD + row([1, 2]), entries="<manifest:encryption-data/>"),
    "header_only": spreadsheet(HEAD),
    "empty_file": spreadsheet(""),
    "workbook_damaged": spreadsheet(HEAD + row([1, 2]))[:-200],
}


@pytest.mark.parametrize("code", CASES)
def test_what_cannot_be_read_says_so(bench: Any, code: str) -> None:
    (outcome,) = bench.ingest({"a.ods": CASES[code]}).files
    assert outcome.state is FileState.QUARANTINED
    assert outcome.reason.code == code
    assert outcome.reason.hint or outcome.reason.remedies


def test_errors_are_missing_and_told(bench: Any) -> None:
    result = bench.ingest({"a.ods": spreadsheet(HEAD + row([1], ERROR) + row([2, 3]))})
    assert any("1 cell contains an error" in notice for notice in result.files[0].notices)
    assert bench.frame(result)["b"].isna().tolist() == [True, False]


def test_the_sheet_is_chosen_by_name_and_only_its_faults_count(bench: Any) -> None:
    data = spreadsheet(HEAD + row([1], UNKNOWN), HEAD + row([1, 2]))
    result = bench.ingest({"a.ods": data}, Contract(name="d", parser=Parser(sheet="S1")))
    assert result.files[0].state is FileState.COMMITTED
    assert result.files[0].notices == ()


@pytest.mark.parametrize("name", ["a.xlsb", "a.fods"])
def test_what_is_not_read_dependably_is_refused_with_advice(name: str) -> None:
    kind, reason = classify(name, 0o100644)
    assert kind is CandidateKind.REFUSED
    assert reason is not None
    assert ".xlsx" in reason.hint
