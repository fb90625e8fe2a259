"""Single values as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.cli.output import cells


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0.0, "0"), (0.81234, "0.8123"), (-0.00012, "-0.0001"), (0.00001, "0.00001"),
        (12.3456, "12.35"), (1234.56, "1,234.6"), (48213.0, "48,213"), (5e8, "500,000,000"), (2e15, "2.0e+15"),
        (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_figures(value: float | None, shown: str) -> None:
    assert cells.figure(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"), (0.0, "0 s"), (0.04, "0 s"), (5.0, "5 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
        (59.6, "1m00s"), (125.0, "2m05s"), (3600.0, "1h00m"), (86_399.0, "23h59m"), (86_400.0, "1d00h"),
        (360_000.0, "4d04h"), (1e8, "1157d09h"),
    ],
)  # fmt: skip
def test_spans(seconds: float | None, shown: str) -> None:
    assert cells.span(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_600, "100 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (10**12, "1.0 TB"), (10**18, "1000000 TB")],
)  # fmt: skip
def test_sizes(size: int | None, shown: str) -> None:
    assert cells.size(size) == shown


def test_shares_do_not_round_something_to_nothing() -> None:
    shown = [cells.share(value) for value in (None, 0.0, 0.001, 0.0051, 0.62, 1.0)]
    assert shown == ["–", "0 %", "<1 %", "1 %", "62 %", "100 %"]


def test_moments_are_utc() -> None:
    noon = datetime(2026, 6, 1, 14, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert cells.moment(noon) == "2026-06-01 12:00:05Z"
    assert cells.minute(noon) == "2026-06-01 12:00Z"
    assert cells.moment(None) == cells.minute(None) == "–"


def test_pairs_and_settings() -> None:
    assert cells.pairs({}) == "–"
    assert cells.pairs({"a": 1, "b": 0.5, "c": ["x", "y"], "d": True, "e": None}) == "a=1 b=0.5 c=x,y d=yes e=–"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14))
def test_a_figure_is_close_to_its_value_and_never_localised(value: float) -> None:
    shown = cells.figure(value)
    assert re.fullmatch(r"-?[\d,]+(\.\d+)?(e[+-]\d+)?", shown)
    assert float(shown.replace(",", "")) == pytest.approx(value, rel=6e-2, abs=6e-5)


@given(st.floats(min_value=0, max_value=1e10))
def test_a_span_never_loses_more_than_its_smallest_unit(seconds: float) -> None:
    units = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
    shown = cells.span(seconds).replace(" ", "")
    parts = re.findall(r"([\d.]+)([dhms])", shown)
    total = sum(float(number) * units[unit] for number, unit in parts)
    assert abs(total - seconds) <= units[parts[-1][1]]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_keeps_its_second(moment: datetime) -> None:
    shown = cells.moment(moment)
    assert datetime.fromisoformat(shown.zfill(20)) == moment.replace(microsecond=0)
