"""Numbers in the sentences about a change."""

from __future__ import annotations

from datetime import UTC, datetime

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring import wording
from shopfloor.monitoring.records import Sketch


def sketch(value: float, top: float) -> Sketch:
    return Sketch(rows=100, missing=0, counts=(100,), points=(value,) * 10, top=top)


def test_a_year_is_shown_as_it_is_written() -> None:
    sentence = wording._numbers_change(sketch(2018.0, 1.0), sketch(2017.5, 0.1))
    assert sentence == "100 % of the values are 2018 (before, at most 10 % were one number)"


def test_a_median_of_years_is_no_rounded_number() -> None:
    sentence = wording._numbers_change(sketch(2019.0, 0.1), sketch(2018.0, 0.1))
    assert sentence == "Median 2018 → 2019 (three quarters now within 2019 to 2019)"


def test_what_is_zero_but_for_rounding_is_zero() -> None:
    result = CheckResult(
        model="m",
        check="feature_drift",
        verdict=CheckVerdict.OK,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        value=5.62e-17,
        limit=0.1,
        evidence={"measure": "wasserstein"},
    )
    assert wording._measured(result) == "moved by 0 standard deviations, limit 0.1"
