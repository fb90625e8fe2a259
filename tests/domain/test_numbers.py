from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shopfloor
from shopfloor.domain.numbers import exact, figure, level, percent, rounded

ORDINARY = st.floats(-1e12, 1e12)


def read(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2018.0, "2018"),
        (17.261699999999998, "17.2617"),
        (0.1 + 0.2, "0.3"),
        (-5.0, "-5"),
        (1e-7, "0.0000001"),
        (0.0, "0"),
    ],
)
def test_a_value_that_is_named_is_shown_as_it_is_written(value: float, text: str) -> None:
    assert exact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.62e-17, "0"), (-2.97e-17, "0"), (0.01234, "0.0123"), (123456.0, "123,000"), (2.5, "2.5"), (1e-6, "0.000001")],
)
def test_a_figure_is_rounded_and_zero_where_it_is_zero(value: float, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(("value", "text"), [(2018.0, "2018"), (12400.0, "12,400"), (79.23456, "79.23")])
def test_a_median_of_years_has_no_separators(value: float, text: str) -> None:
    assert level(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-17, "0 %"),
        (0.0004, "< 0.1 %"),
        (0.003, "0.3 %"),
        (0.6, "60 %"),
        (0.9999, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_shares(share: float, text: str) -> None:
    assert percent(share) == text


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_are_read_back_exactly(value: int) -> None:
    assert exact(float(value)) == str(value)


@given(ORDINARY)
def test_a_named_value_is_read_back(value: float) -> None:
    assert float(exact(value)) == pytest.approx(value, rel=1e-14, abs=0)


@given(ORDINARY)
def test_no_number_has_an_exponent(value: float) -> None:
    for show in (exact, level, rounded, figure, percent):
        assert "e" not in show(value)


@given(ORDINARY, ORDINARY)
def test_a_larger_number_never_looks_smaller(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for show in (exact, rounded):
        assert read(show(low)) <= read(show(high))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_looks_smaller(one: float, other: float) -> None:
    low, high = (read(percent(share).rstrip(" %").removeprefix("< ")) for share in sorted((one, other)))
    assert low <= high or (low, high) == (0.1, 0.0)


def test_no_other_room_rounds_numbers_for_people() -> None:
    """Significant digits are chosen in one place; a `float(...)` around them rounds a stored figure, not a sentence."""
    # The ticks of an axis have their own units, and the levels of stored references must be found again.
    own = {"domain/numbers.py", "tui/widgets/line_plot.py", "monitoring/bins.py"}
    root = Path(shopfloor.__file__).parent
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in sorted(root.rglob("*.py"))
        if str(path.relative_to(root)) not in own
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r":[+,]?\.[0-9]+[ge]\}", line) and "float(f" not in line
    ]
    assert found == []
