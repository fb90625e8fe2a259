"""Rows of a notebook on their way to the engine: what they say must not depend on the library they come from."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shopfloor.sdk.rows import json_lines


@pytest.mark.parametrize(
    "value", [None, float("nan"), np.float64("nan"), np.float32("nan"), pd.NaT, pd.NA, np.datetime64("NaT")]
)
def test_every_missing_value_is_null(value: Any) -> None:
    assert list(json_lines([{"x": value}])) == [b'{"x":null}\n']


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (Decimal("1.234"), 1.234),
        (np.int64(5), 5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2026-01-31T10:00", "ns"), "2026-01-31T10:00:00.000000000"),
        (pd.Timestamp("2026-01-31T10:00", tz="Europe/Berlin"), "2026-01-31 10:00:00+01:00"),
    ],
)
def test_a_number_is_a_number_and_a_time_a_time(value: Any, sent: Any) -> None:
    [line] = json_lines([{"x": value}])
    assert json.loads(line) == {"x": sent}
