from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.csv_text import csv_text, safe_cell

CELLS = st.text(st.sampled_from("=+-@\t\r\nab1.,e \x1b\x07\u202e＝"), max_size=6)


@pytest.mark.parametrize("text", ["=cmd|'/C calc'!A0", "+SUM(A1)", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-x"])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+1.5e-3", "-.5", "-1,234.56", "a=b", "", "x", "'=1", "line\nbreak"])
def test_numbers_and_plain_text_are_untouched(text: str) -> None:
    assert safe_cell(text) == text


def test_control_characters_are_visible() -> None:
    assert safe_cell("a\x1b[2Jb") == "a\\e[2Jb"


def test_the_cells_made_safe_are_counted_and_names_are_cells() -> None:
    made = csv_text(["=n", "m"], [["=1", 1], [None, -2.5]])
    assert made == ("'=n,m\n'=1,1\n,-2.5\n", 2)
    assert csv_text(["=n"], [["=1"]], raw=True) == ("=n\n=1\n", 0)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_no_cell_of_any_file_begins_a_formula_and_raw_is_read_back(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows).text, newline="")))
    for cell in (cell for row in read for cell in row):
        assert safe_cell(cell) == cell
    raw = csv.reader(io.StringIO(csv_text(["a", "b"], rows, raw=True).text, newline=""))
    assert [tuple(row) for row in raw][1:] == rows
