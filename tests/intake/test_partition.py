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


@pytest.mark.parametrize(
    ("path", "iso"),
    [
        ("d/day=2026-01-02/a-2026-03-04.csv", "2026-01-02"), ("d/sales-2026-01-31.csv", "2026-01-31"),
        ("d/sales_20260131.csv.gz", "2026-01-31"), ("d/sales.2026.01.31.csv", "2026-01-31"),
        ("d/2026-01.csv", "2026-01-01"),
        ("d/x-2026-01-31T0830.csv", "2026-01-31T08:30"), ("d/x_20260131_083015.csv", "2026-01-31T08:30:15"),
        ("d/x-20261331.csv", None), ("d/order-1202601315.csv", None), ("d/a.csv", None), ("d/2019_2020.csv", None),
    ],
)  # fmt: skip
def test_the_date_of_a_file_is_in_its_folders_or_its_name(path: str, iso: str | None) -> None:
    assert moment(path) == (None if iso is None else datetime.fromisoformat(iso))
