"""Times and spans as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.actions.moments import parse_span, parse_time
from shopfloor.domain.errors import UsageError


def test_spans() -> None:
    assert parse_span("30m") == timedelta(minutes=30)
    assert parse_span(" 4 H ") == timedelta(hours=4)
    assert parse_span("2w") == timedelta(days=14)


@pytest.mark.parametrize("text", ["", "4", "h", "-1h", "0m", "1y", "999999w", "1h30m", "４h x"])
def test_unusable_spans(text: str) -> None:
    with pytest.raises(UsageError, match="span of time"):
        parse_span(text)


def test_a_date_means_its_end() -> None:
    found = parse_time("2026-06-30")
    assert found == datetime(2026, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)


def test_a_time_without_a_zone_is_utc_and_others_are_converted() -> None:
    assert parse_time("2026-06-30T14:00:00") == datetime(2026, 6, 30, 14, tzinfo=UTC)
    assert parse_time("2026-06-30T14:00:00+02:00") == datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert parse_time("2026-06-30T14:00:00.5Z").microsecond == 500_000


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-06-31", "\x1b[2J", "20"])
def test_unusable_times_are_shown_safely(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_time(text)
    assert "\x1b" not in str(caught.value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_rfc_3339_time_comes_back(moment: datetime) -> None:
    assert parse_time(moment.isoformat()) == moment


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert parse_time(text).tzinfo is UTC
    except UsageError:
        pass
