"""Single values as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shopfloor.cli.output import cells


def test_moments_are_utc() -> None:
    noon = datetime(2026, 6, 1, 14, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert cells.moment(noon) == "2026-06-01 12:00:05Z"
    assert cells.minute(noon) == "2026-06-01 12:00Z"
    assert cells.moment(None) == cells.minute(None) == "–"


def test_pairs_and_settings() -> None:
    assert cells.pairs({}) == "–"
    assert cells.pairs({"a": 1, "b": 0.5, "c": ["x", "y"], "d": True, "e": None}) == "a=1 b=0.5 c=x,y d=yes e=–"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_keeps_its_second(moment: datetime) -> None:
    shown = cells.moment(moment)
    assert datetime.fromisoformat(shown.zfill(20)) == moment.replace(microsecond=0)
