"""Directories that give values to rows."""

from __future__ import annotations

from datetime import datetime

import pytest

from shopfloor.formats.partition import Pairs, moment, partition


@pytest.mark.parametrize(
    ("path", "pairs"),
    [
        ("d/a.csv", ()),
        ("d/2026/a.csv", ()),
        ("d/date=2026-01-01/a.csv", (("date", "2026-01-01"),)),
        ("d/date=2026-01-01/region=e%20u/a=b.csv", (("date", "2026-01-01"), ("region", "e u"))),
        ("d/region=__HIVE_DEFAULT_PARTITION__/a.csv", (("region", None),)),
        ("d/x=1/x=2/a.csv", (("x", "2"),)),
        ("d/=1/x=/a.csv", (("x", ""),)),
        ("d=1/a.csv", ()),
    ],
)
def test_directories_become_values(path: str, pairs: Pairs) -> None:
    assert partition(path) == pairs


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("d/a.csv", None),
        ("d/region=eu/a.csv", None),
        ("d/region=eu/date=2026-01-02/a.csv", "2026-01-02T00:00:00"),
        ("d/hour=2026-01-02T10%3A00/a.csv", "2026-01-02T10:00:00"),
    ],
)
def test_the_date_orders_a_delivery(path: str, at: str | None) -> None:
    assert moment(path) == (None if at is None else datetime.fromisoformat(at))
