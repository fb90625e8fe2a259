"""Values that a file's directories give to its rows: `date=2026-01-01/region=eu/part.csv`."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from shopfloor.domain.columns import ColumnType

Pairs = tuple[tuple[str, str | None], ...]

# What Hive and Spark write for a missing value.
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_STAMP = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:([-_.]?)(\d\d)\2(\d\d)(?:[T_-]?(\d\d)[-:_.h]?(\d\d)(?:[-:_.m]?(\d\d))?)?|[-_.](\d\d))(?!\d)"
)
_MISSING = "__HIVE_DEFAULT_PARTITION__"


def partition(path: str) -> Pairs:
    """Names and values of the `name=value` directories of `path`, outermost first.

    `path` begins with the folder of the dataset. Values are decoded as URLs are; of a name that
    comes twice the inner one counts.
    """
    pairs: dict[str, str | None] = {}
    for step in PurePosixPath(path).parts[1:-1]:
        name, mark, value = step.partition("=")
        if mark and name:
            pairs[unquote(name)] = None if value == _MISSING else unquote(value)
    return tuple(pairs.items())


def kind_of(value: str | None) -> ColumnType:
    """The type that a partition's value alone proves."""
    if value is None:
        return ColumnType.UNKNOWN
    if _WHOLE.fullmatch(value):
        return ColumnType.INTEGER
    try:
        date.fromisoformat(value if len(value) == 10 else "")
    except ValueError:
        return ColumnType.TEXT
    return ColumnType.DATE


def moment(path: str) -> datetime | None:
    """The first date or time among the partition's values, else the one in the file's name: what orders
    a delivery. Naive.
    """
    for _, value in partition(path):
        try:
            return datetime.fromisoformat(value or "").replace(tzinfo=None)
        except ValueError:
            continue
    return _in_name(PurePosixPath(path).name)


def _in_name(name: str) -> datetime | None:
    """The first date, with the time of day behind it, in a name such as `sales-2026-01-31T0830.csv`; or a month."""
    for found in _STAMP.finditer(name):
        year, _, month, day, hour, minute, second, alone = found.groups(default="0")
        try:
            return datetime(int(year), int(alone) or int(month), int(day) or 1, int(hour), int(minute), int(second))  # noqa: DTZ001
        except ValueError:
            continue
    return None
