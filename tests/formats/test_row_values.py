"""A row that is posted and a file that is dropped are read alike: the same value, or none, of the same text.

The file reader says its rules in SQL, the row reader in Python. Whatever is drawn here goes through both:
a CSV file, a JSON lines file, and the value alone.
"""

from __future__ import annotations

import csv
import io
import json
import string
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.missing import MISSING
from shopfloor.domain.number_format import COMMA, POINT
from shopfloor.duck.sql import connect
from shopfloor.formats.kinds import csv as csv_format
from shopfloor.formats.kinds import json as json_format
from shopfloor.formats.plan import Plan
from shopfloor.formats.query import lenient
from shopfloor.formats.shape import JSON, TEXT, Shape
from shopfloor.formats.values import InvalidValue, reader_of

BAD = "bad"
"""What stands for a value that was refused."""

PATTERNS = (
    *(
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%Y%m%d",
        "%d-%b-%Y",
        "%d/%m/%y",
        "%Y.%d.%m",
        "%d %B %Y",
        "%Y/%m",
        "%Y-%d-%m",
    ),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S.%f", "%m/%d/%Y %I:%M %p", "%a %d %b %Y %H:%M"),
)
COLUMNS = tuple(
    Column(name="x", type=kind, format=format)
    for kind, formats in (
        (ColumnType.BOOLEAN, ("",)),
        (ColumnType.INTEGER, ("",)),
        (ColumnType.NUMBER, ("", COMMA, POINT, f"{COMMA} %", f"${POINT}", f"({POINT})", f"{COMMA} EUR")),
        (ColumnType.TEXT, ("",)),
        (ColumnType.UNKNOWN, ("",)),
        (ColumnType.DATE, ("", *PATTERNS)),
        (ColumnType.TIMESTAMP, ("", *PATTERNS)),
    )
    for format in formats
)

NUMBERS = (
    f"{EXACT}|{EXACT + 1}|0{EXACT}|{EXACT}.0|{EXACT + 1}.0|{2**63 - 1}|{2**63}|{-(2**63)}|+{2**63 - 1}|{2**127}"
    "|1e18|1e-400|1_000|0x10|1.|.5|.|-|1e|1.0e2|15e-1|007|0.99999999999999999999|4503599627370496.5|\t5|5\n|5\u00a0"
    "|\u0663|1 000|--5"
    "|inf|-Infinity|+INF|1e400|-1e400|8.000|1.800|1.234,56|1,234.56|1.234.567|1,234,567|12,5|1'000|9.007.199.254.740.993|-0|-0.0|+5"
).split("|")
DAYS = (
    *("31-OCT-2025", "1 May 2026", "1 Jan 2026", "2026/3", "Mon 1 Feb 2026", "Jan 31, 2026", "31.Dec.2026"),
    *("2026-01/31", "20260131", "2026-W05-1", "yesterday", "2026.01.31"),
)
CLOCKS = (
    *(
        "00:00",
        "00:00Z",
        "00:00:00 utc",
        "00:00:00+00:00",
        "00:00:00+01:00",
        "0:00",
        "9:05",
        "24:00",
        "24:00:00",
        "24:01",
        "23:59:59",
        "23:59:60",
        "10:00:00.5",
        "10:00:00.123456789",
    ),
    *("00:00:00", "00:00:00.000", "10:0", "10: 5:07", "10:5 :07", "10", "1:05 PM", "12:05 am", "13:05 PM"),
    *("10:00:00.", "25:00", "10:60"),
)
SIGNED = (
    "9 %",
    "9%",
    "$9",
    "-$9",
    "$-9",
    "(9)",
    "($9)",
    "9 EUR",
    "EUR 9",
    "9\u00a0EUR",
    "+9 %",
    "- 9 %",
    "(9",
    "9 USD",
)
WORDS = (*MISSING, *["na", "true", "False", "T", "yes", "Y", "no", "n", "on", "off", "tr", "01"])


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


signs, digits = st.sampled_from(["", "", "-", "+"]), st.text("0123456789", min_size=1, max_size=4)
groups = st.lists(st.sampled_from([".234", ",567", ".5", ",6"]), max_size=3).map("".join)
numbers = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.integers(-(2**54), 2**54).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    joined(signs, digits, st.sampled_from([".", ",", ""]), digits, st.sampled_from(["", "e3", "E-2", ",", "."])),
    joined(signs, st.sampled_from(["1", "12", "123", "0", "1234"]), groups),
    st.sampled_from(NUMBERS),
    st.builds(lambda form, number: form.replace("9", number), st.sampled_from(SIGNED), st.sampled_from(NUMBERS)),
)
days = st.tuples(
    st.sampled_from(["2026", "1999", "0001", "9999", "26", "0000", "12026"]),
    st.sampled_from(["1", "01", "2", "02", "12", "13", "31", "29", "30", "00"]),
    st.sampled_from(["1", "01", "2", "12", "13", "31", "29", "30", "32"]),
)
dates = st.one_of(
    st.builds(lambda parts, mark: mark.join(parts), days, st.sampled_from("-/")),
    st.builds(lambda parts, mark: mark.join(reversed(parts)), days, st.sampled_from("-/.")),
    days.map("".join),
    st.dates(date(1000, 1, 1)).map(lambda day: day.isoformat()),
    st.sampled_from(DAYS),
)
clocks = st.one_of(st.sampled_from(CLOCKS), st.times().map(lambda at: at.isoformat()))
zones = st.sampled_from(["", "", "", "Z", "z", " UTC", "+02:00", "-0330", " +02", "+15", "+99:99", "+2", "X"])
moments = joined(dates, st.sampled_from(["T", " ", "t", "  ", ""]), clocks, zones)
texts = st.one_of(
    *(numbers, dates, moments, st.sampled_from(WORDS), st.text(string.digits + ".,-+/: TZe", max_size=12)),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\x1f\r\n"), max_size=6),
)
around = st.sampled_from(["{}", "{}", "{}", " {}", "{} ", "  {}  ", "\t{}"])
spaced = st.builds(lambda text, around: around.replace("{}", text), texts, around)
plain = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.integers(-20, 20_260_131)),
    *(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**54), 2**54).map(float)),
    st.sampled_from([1e21, 1e22, 1e16, 1e-6, 1e-7, 123456789.123456789, -0.0, 2026.0]),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> FileReader:
    return FileReader(tmp_path_factory.mktemp("rows"))


class FileReader:
    """What intake makes of a column of values."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = connect(temp=folder / "temp")

    def csv(self, texts: Sequence[str], column: Column) -> list[Any]:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x"], *([text] for text in texts)])
        return self._read("rows.csv", out.getvalue(), Shape(csv_format.FORMAT, ("x",), (TEXT,)), column, len(texts))

    def json(self, values: Sequence[Any], column: Column) -> list[Any]:
        lines = "".join(json.dumps({"x": value}) + "\n" for value in values)
        return self._read("rows.jsonl", lines, Shape(json_format.FORMAT, ("x",), (JSON,)), column, len(values))

    def _read(self, name: str, content: str, shape: Shape, column: Column, rows: int) -> list[Any]:
        path = self._folder / name
        path.write_text(content, encoding="utf-8", newline="")
        plan = Plan(shape=shape, contract=Contract(name="d", columns=(column,)), sources=(0,))
        found: list[Any] = [BAD] * rows
        for value, _, row in self._connection.execute(lenient(plan, [str(path)])).fetchall():
            found[row] = value
        return found


def same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and repr(left) == repr(right)


def row_value(value: Any, column: Column) -> Any:
    try:
        return reader_of(column)(value)
    except InvalidValue:
        return BAD


columns = st.sampled_from(COLUMNS)


@settings(max_examples=200, deadline=None)
@given(columns, st.lists(spaced, min_size=1, max_size=30))
def test_a_text_is_read_alike_in_a_csv_in_json_lines_and_in_a_row(
    files: FileReader, column: Column, texts: list[str]
) -> None:
    for text, dropped, delivered in zip(texts, files.csv(texts, column), files.json(texts, column), strict=True):
        read = row_value(text, column)
        assert same(read, delivered), (column.written, text, read, delivered)
        assert same(read, dropped), (column.written, text, read, dropped)


@settings(max_examples=100, deadline=None)
@given(columns, st.lists(plain, min_size=1, max_size=30))
def test_a_json_value_is_read_alike_in_json_lines_and_in_a_row(
    files: FileReader, column: Column, values: list[Any]
) -> None:
    for value, delivered in zip(values, files.json(values, column), strict=True):
        read = row_value(value, column)
        assert same(read, delivered), (column.written, value, read, delivered)
