"""Times that come again, written as cron does, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.text import safe

_FIELDS = 5
_ANY = datetime(2000, 1, 1, tzinfo=UTC)


def check_schedule(schedule: str, source: str, key: str) -> None:
    """Raises `ConfigError` for what is no schedule of minute, hour, day of the month, month and day of the week."""
    from croniter import CroniterBadDateError, croniter  # no face needs it

    if len(schedule.split()) != _FIELDS or not croniter.is_valid(schedule):
        raise ConfigError(
            f"{source}: key {key!r} is no schedule: {safe(schedule, 60)!r}.",
            hint='Write minute, hour, day of the month, month and day of the week, in UTC: "0 3 * * 1" is Monday at 3.',
        )
    try:
        next_time(schedule, _ANY)
    except CroniterBadDateError as error:
        raise ConfigError(
            f"{source}: key {key!r} names a time that never comes: {safe(schedule, 60)!r}.",
            hint="No such month has that day.",
        ) from error


def next_time(schedule: str, after: datetime) -> datetime:
    """The first time of a schedule that is later than `after`."""
    from croniter import croniter

    found: datetime = croniter(schedule, after).get_next(datetime)
    return found
