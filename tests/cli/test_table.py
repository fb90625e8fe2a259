"""Aligned columns that fit, for any text and any width."""

from __future__ import annotations

from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.cli.output.table import TextColumn, facts, sentence, table
from shopfloor.cli.output.width import ELLIPSIS, columns, cut, pad, wrap
from shopfloor.domain.text import safe

words = st.text(max_size=40).map(safe)
widths = st.integers(20, 200)


def test_wide_and_combining_characters_count_as_the_terminal_counts_them() -> None:
    assert columns("漢字") == 4
    assert columns("e\u0301") == 1
    assert columns("abc") == 3
    assert cut("漢字漢字", 5) == "漢字" + ELLIPSIS
    assert cut("inbox/flights/x.csv", 8, keep_end=True) == ELLIPSIS + "s/x.csv"
    assert cut("abc", 0) == ""
    assert pad("漢", 4) == "漢  "
    assert pad("7", 3, right=True) == "  7"


@given(words, st.integers(0, 50), st.booleans())
def test_cut_fits_and_keeps_what_fits(text: str, limit: int, keep_end: bool) -> None:
    found = cut(text, limit, keep_end=keep_end)
    assert columns(found) <= limit or limit == 0
    if columns(text) <= limit:
        assert found == text


@given(words, st.integers(2, 60))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


layouts = st.lists(
    st.builds(
        lambda title, index, right, room, drop: (title, right, room, drop),
        st.text("ABC DE", min_size=1, max_size=10).map(str.strip).filter(bool),
        st.just(0), st.booleans(), st.sampled_from([0, 10, 30]), st.integers(0, 3),
    ),
    min_size=1, max_size=7,
)  # fmt: skip


@given(layouts, st.data(), widths)
def test_no_line_is_wider_than_the_terminal_and_the_first_column_stays(layout, data, width) -> None:  # type: ignore[no-untyped-def]
    row = st.lists(words, min_size=len(layout), max_size=len(layout))
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    specs = [
        TextColumn[list[str]](title, itemgetter(index), right=right, room=room, drop=drop if index else 0)
        for index, (title, right, room, drop) in enumerate(layout)
    ]
    lines = table(specs, rows, width).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(columns(line) <= width for line in lines)
    assert layout[0][0][:6].split()[0] in lines[0]
    whole = table(specs, rows, None).split("\n")
    for record, line in zip(rows, whole[1:], strict=True):
        assert all(cell.strip() in line for cell in record)


def test_optional_columns_leave_before_names_are_cut() -> None:
    layout = [
        TextColumn[str]("NAME", lambda each: each, room=20),
        TextColumn[str]("NOTE", lambda each: "a long note that may be shortened", room=12),
        TextColumn[str]("EXTRA", lambda each: "x" * 30, drop=1),
        TextColumn[str]("MORE", lambda each: "y" * 30, drop=2),
    ]
    shown = table(layout, ["late-arrival"], 50)
    assert "late-arrival" in shown
    assert "EXTRA" not in shown
    assert "MORE" not in shown
    assert ELLIPSIS not in shown
    assert "MORE" not in table(layout, ["late-arrival"], 75)
    assert "EXTRA" in table(layout, ["late-arrival"], 75)


@given(st.lists(st.tuples(words.map(str.strip), words), max_size=6), widths)
def test_facts_fit(rows: list[tuple[str, str]], width: int) -> None:
    assert all(columns(line) <= width for line in facts(rows, width).split("\n"))


def test_a_long_fact_goes_on_below_itself() -> None:
    assert facts([("why", "one two three"), ("x", "")], 20).split("\n") == ["why  one two three", "x"]
    assert facts([("reason", "one two three four")], 20).split("\n") == ["reason  one two", "        three four"]
    assert facts([("a very long label", "value")], 20).split("\n") == ["a very long label", "  value"]
    assert sentence("one two three", 8) == "one two\nthree"
