"""Any text in exactly so many cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.tui_widgets.harness import HOSTILE

from shopfloor.tui.widgets.cells import clean, cut, fit, wrap

texts = st.text(max_size=60) | st.sampled_from(HOSTILE) | st.text(alphabet="a漢e\u0301 👍", max_size=40)


@given(texts, st.integers(0, 40), st.sampled_from(["left", "right", "center"]))
def test_fit_is_exact(text: str, width: int, align: str) -> None:
    assert cell_len(fit(clean(text, width), width, align)) == width  # type: ignore[arg-type]


@given(texts, st.integers(1, 40))
def test_clean_text_is_one_printable_line(text: str, width: int) -> None:
    shown = clean(text, width)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert len(shown.splitlines()) <= 1
    assert not set("\u202e\u200b\u200d\ufe0f\x00\x9b") & set(shown)


@given(texts, st.integers(1, 30))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    shown = clean(text)
    lines = wrap(shown, width)
    assert all(cell_len(line) <= max(width, 2) for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("churn", 5, "churn"),
        ("churn", 4, "chu…"),
        ("顧客データ", 10, "顧客データ"),
        ("顧客データ", 9, "顧客デー…"),
        ("顧客データ", 8, "顧客デ …"),
        ("x", 0, ""),
        ("xy", 1, "…"),
    ],
)
def test_cut_shows_that_something_is_missing(text: str, width: int, expected: str) -> None:
    assert cut(text, width) == expected


def test_long_words_begin_on_the_line_they_break_on() -> None:
    assert wrap("sha256 0123456789ab", 10) == ["sha256 012", "3456789ab"]


def test_an_indent_stays() -> None:
    assert wrap("  +800 rows", 12) == ["  +800 rows"]
    assert wrap("  +800 rows", 6) == ["  +800", "rows"]
    assert wrap("      x", 4) == ["x"]


def test_a_huge_value_costs_little() -> None:
    assert len(clean("e\u0301" * 5_000_000, 20)) <= 96
