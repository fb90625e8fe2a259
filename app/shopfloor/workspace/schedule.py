"""Times that come again, written as cron does, by the clocks of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import nearest
from shopfloor.domain.text import safe

_FIELDS = 5
_ANY = datetime(2000, 1, 1, tzinfo=UTC)


def check_schedule(schedule: str, source: str, key: str) -> None:
    """Raises `ConfigError` for what is no schedule of minute, hour, day of the month, month and day of the week."""
    from croniter import CroniterBadDateError, croniter  # no face needs it

    if len(schedule.split()) != _FIELDS or not croniter.is_valid(schedule):
        raise ConfigError(
            f"{source}: key {key!r} is no schedule: {safe(schedule, 60)!r}.",
            hint='Write minute, hour, day of the month, month and day of the week: "0 3 * * 1" is Monday at 3.',
        )
    try:
        next_time(schedule, _ANY)
    except CroniterBadDateError as error:
        raise ConfigError(
            f"{source}: key {key!r} names a time that never comes: {safe(schedule, 60)!r}.",
            hint="No such month has that day.",
        ) from error


def check_timezone(timezone: str, source: str, key: str) -> None:
    """Raises `ConfigError` for what is no time zone."""
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, LookupError) as error:
        near = nearest(timezone, sorted(available_timezones()))
        raise ConfigError(
            f"{source}: key {key!r} is no time zone: {safe(timezone, 60)!r}.",
            hint=f"Did you mean {near!r}?" if near else 'Write it as the IANA database does, such as "Europe/Berlin".',
        ) from error


def next_time(schedule: str, after: datetime, timezone: str = "UTC") -> datetime:
    """The first time of a schedule that is later than `after`, by the clocks of a time zone.

    A time that the clocks show twice comes once, the first time; one that they skip comes as much later as they skip.
    """
    from croniter import croniter

    zone = ZoneInfo(timezone)
    times = croniter(schedule, after.astimezone(zone).replace(tzinfo=None))
    while True:
        shown: datetime = times.get_next(datetime)
        found = shown.replace(tzinfo=zone).astimezone(UTC)
        if found > after:
            return found
