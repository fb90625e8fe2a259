"""Excel workbooks: typed cells come in as they are, and what is broken or too large is named."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from tests.intake.books import ROWS, TABLE, book, check_table, repacked

from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.file import FileState


def test_typed_cells(bench: Any) -> None:
    result = bench.ingest({"a.xlsx": book(TABLE)})
    assert result.files[0].reason is None
    frame = bench.frame(result)
    check_table(result, frame)
    assert frame["t"].tolist()[0] == 'ü, "quoted"\nand on'
    assert frame["ok"].isna().tolist() == [False, False, True]


def test_csv_and_workbook_go_together(bench: Any) -> None:
    contract = bench.ingest({"a.xlsx": book(TABLE)}).contract
    text = "id,day,at,code,x,ok,t\n1,2026-01-31,2026-01-31 10:00:00,007,1.5,true,x\n"
    assert bench.ingest({"b.csv": text}, contract).files[0].reason is None
    bad = [list(row) for row in TABLE]
    bad[2][0] = "two"
    (outcome,) = bench.ingest({"b.xlsx": book(bad)}, contract).files
    assert (outcome.reason.code, outcome.reason.line, outcome.reason.column) == ("bad_value", 3, "id")
    (outcome,) = bench.ingest({"c.xlsx": book([row[:-1] for row in TABLE])}, contract).files
    assert outcome.reason.code == "column_missing"


def at(cell: str, value: object, **more: Any) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        sheet[cell].value = value
        for key, what in more.items():
            setattr(sheet[cell], key, what)

    return edit


def test_odd_layouts(bench: Any) -> None:
    plain = [["a", "b"], [1, 2], [3, 4]]

    def rows(data: bytes, **settings: Any) -> tuple[int, tuple[str, ...]]:
        result = bench.ingest({"a.xlsx": data}, Contract(name="d", parser=Parser(**settings)))
        assert result.files[0].reason is None, result.files[0].reason
        return result.rows, result.files[0].notices

    assert rows(book([[], [], *([None, None, *row] for row in plain)])) == (2, ())
    assert rows(book([["Report of 2026"], [], *plain]), skip_lines=2) == (2, ())
    assert rows(book(plain, edit=lambda sheet: sheet.merge_cells("A2:A3"))) == (2, ())
    assert rows(book(plain, edit=at("A900", None, number_format="0.00"))) == (2, ())
    count, notices = rows(book(plain, edit=at("B2", "#N/A", data_type="e")))
    assert (count, "1 cell contains an error" in notices[0]) == (2, True)
    two = book(plain, edit=lambda sheet: sheet.parent.create_sheet("Other & more").append(["c"]))
    assert "the first was read" in rows(two)[1][0]
    two = book([["c"]], edit=lambda sheet: sheet.parent.create_sheet("Other & more"))
    (outcome,) = bench.ingest({"a.xlsx": two}, Contract(name="d", parser=Parser(sheet="Other"))).files
    assert (outcome.reason.code, "'Other & more'" in outcome.reason.message) == ("sheet_missing", True)
    times = book([["t", "d"], [time(10, 5), timedelta(hours=30)]])
    frame = bench.frame(bench.ingest({"a.xlsx": times}))
    assert frame.iloc[0].tolist() == ["10:05:00", "30:00:00"]
    wide = book([["id", 2025, 2026], [1, 2, 3]])
    assert bench.ingest({"a.xlsx": wide}).columns[2].name == "2026"


def shared(text: str, cells: int) -> bytes:
    """A small archive whose cells all show one long text."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rows = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, cells))
    sheet = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
    strings = f"<sst {space}><si><t>{text}</t></si></sst>"
    return repacked(book(TABLE), {"xl/worksheets/sheet1.xml": sheet.encode(), "xl/sharedStrings.xml": strings.encode()})


def other_archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut short": (lambda: book(TABLE)[:-200], "workbook_damaged"),
    "bytes changed": (lambda: book(TABLE)[:3000] + b"\0\0\0\0" + book(TABLE)[3004:], "workbook_damaged"),
    "no archive": (lambda: b"PK\x03\x04junk", "workbook_damaged"),
    "other archive": (other_archive, "wrong_format"),
    "CSV": (lambda: b"id,x\n1,2\n", "wrong_format"),
    "password": (lambda: OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600), "workbook_locked"),
    "broken old workbook": (lambda: OLE + bytes(600), "workbook_damaged"),
    "empty": (lambda: book([]), "empty_file"),
    "header only": (lambda: book([["a", "b"]]), "header_only"),
    "no header": (lambda: book([[1, 2], [3, 4]]), "header_missing"),
    "title above": (lambda: book([["Report"], *TABLE]), "empty_column_name"),
    "double name": (lambda: book([["a", "a"], [1, 2]]), "duplicate_column_name"),
    "formulas never calculated": (lambda: book([["a", "b"], [1, "=A2+1"]]), "workbook_formulas"),
    "two cells in opposite corners": (lambda: book(TABLE, edit=at("XFD1048576", 1)), "workbook_too_large"),
    "sheet of 400 MB of nothing": (
        lambda: repacked(book(TABLE), {"xl/worksheets/sheet1.xml": b"<worksheet>" + b" " * (400 << 20)}),
        "expands_too_much",
    ),
    "one long text 60,000 times": (lambda: shared("x" * 30_000, 60_000), "too_large_in_memory"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_workbook(bench: Any, case: str) -> None:
    make, code = BROKEN[case]
    (outcome,) = bench.ingest({"a.xlsx": make()}).files
    assert outcome.state is FileState.QUARANTINED
    assert outcome.reason.code == code
    assert outcome.reason.message.endswith((".", "…"))
    assert outcome.reason.hint or outcome.reason.remedies


def test_written_values_come_back(bench: Any) -> None:
    days = [date(1900, 3, 1), date(1999, 12, 31), date(2026, 2, 28)]
    numbers = [1 / 8, 1e300, -5e-324]
    rows: list[list[Any]] = [["d", "at", "x", "n"]]
    late = datetime.fromisoformat("2026-01-01T23:59:59")
    for i, (day, number) in enumerate(zip(days, numbers, strict=True)):
        rows.append([day, late, number, 2**53 - i])
    frame = bench.frame(bench.ingest({"a.xlsx": book(rows)}))
    assert [value.date() for value in frame["d"]] == days
    assert frame["x"].tolist() == numbers
    assert frame["n"].tolist() == [2**53, 2**53 - 1, 2**53 - 2]
    assert openpyxl.load_workbook(io.BytesIO(book(rows))).active.max_row == 4
    assert len(TABLE) == ROWS + 1 + 1  # one row is empty


def test_a_title_above_the_header_names_the_rows_to_skip(bench: Any) -> None:
    table = [["id", "x", "y"], *([n, n * 1.5, "a"] for n in range(4))]
    data = book([["Report of May"], [], ["made by", None, None], *table])
    (outcome,) = bench.ingest({"a.xlsx": data}).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_below", 4)
    assert outcome.reason.remedies[0].settings == (("skip_lines", "3"),)
    file = bench.stage("b.xlsx", data, parser=Parser(skip_lines=3))
    assert bench.ingest([file]).files[0].rows == 4
    assert bench.ingest({"c.xlsx": book(table)}).files[0].rows == 4
