"""Schedules by the clocks of a time zone: once a night, also in those in which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shopfloor.domain.errors import ConfigError
from shopfloor.workspace.schedule import check_timezone, next_time

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize("timezone", [BERLIN, "America/New_York", "UTC"])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 0 * * *", "59 1 * * *"])
def test_a_daily_time_comes_once_on_every_day_of_a_year(timezone: str, schedule: str) -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    days = []
    for _ in range(730):
        later = next_time(schedule, at, timezone)
        assert later > at
        at = later
        days.append(at.astimezone(ZoneInfo(timezone)).date().toordinal())
    assert days == list(range(days[0], days[0] + 730))


def test_what_the_clocks_show_twice_comes_the_first_time_and_what_they_skip_an_hour_later() -> None:
    autumn = next_time("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), BERLIN)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # Between the two a person looks, or the engine starts again.
    for moment in (autumn, datetime(2026, 10, 25, 1, 10, tzinfo=UTC)):
        assert next_time("30 2 * * *", moment, BERLIN) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    spring = next_time("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN)
    assert spring.astimezone(ZoneInfo(BERLIN)).isoformat() == "2026-03-29T03:30:00+02:00"


def test_without_a_zone_it_is_universal_time() -> None:
    assert next_time("0 3 * * 1", datetime(2026, 7, 1, tzinfo=UTC)) == datetime(2026, 7, 6, 3, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["Europe/Berln", "CEST+2", "", "../../etc/passwd", "Europe\x1b[2J"])
def test_what_is_no_time_zone_is_refused_with_the_nearest(wrong: str) -> None:
    with pytest.raises(ConfigError, match="is no time zone") as caught:
        check_timezone(wrong, "models/m.toml", "retrain.timezone")
    assert caught.value.message.isprintable()
    if wrong == "Europe/Berln":
        assert caught.value.hint == "Did you mean 'Europe/Berlin'?"
