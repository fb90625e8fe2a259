from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from tests.release.worlds import binary, spec

from shopfloor.domain.definition import Value
from shopfloor.release import checks
from shopfloor.release.business_value import change
from shopfloor.release.eligible import Eligible
from shopfloor.statistics import blocks as grouping
from shopfloor.statistics.predictions import Predictions, classification

TERMS = Value(
    unit="EUR",
    true_positive=10,
    false_positive=-2,
    true_negative=1,
    false_negative=-7,
    per_absolute_error=-3,
    threshold=0.4,
)
ROWS = 400
TRUTH = np.arange(ROWS) % 2
RIGHT, WRONG = binary(TRUTH, TRUTH * 0.8 + 0.1), binary(TRUTH, np.full(ROWS, 0.9))


def chosen(challenger: Predictions, champion: Predictions | None, **columns: Any) -> Eligible:
    return Eligible(
        frame=pd.DataFrame(columns, index=pd.RangeIndex(len(challenger))),
        challenger=challenger,
        champion=champion,
        blocks=grouping.rows(len(challenger)),
        unanswered=0,
        delivery=None,
        day=None,
        detail="",
    )


def test_of_many_classes_or_without_a_champion_there_is_no_change() -> None:
    scored = classification(np.array([0, 1, 2]), np.array([0, 1, 2]), None, classes="abc")
    assert change(spec(), TERMS, chosen(scored, scored)) is None
    assert change(spec(), TERMS, chosen(RIGHT, None)) is None


def test_the_change_is_paired() -> None:
    found = change(spec(), TERMS, chosen(RIGHT, WRONG))
    assert found is not None
    assert found.gain == pytest.approx(1.5)  # half the rows turn from -2 into 1
    assert found.interval[0] > 0


def test_amounts_of_columns_are_those_of_the_rows() -> None:
    terms = msgspec.structs.replace(TERMS, false_positive="refund")
    refund = np.where(np.arange(ROWS) % 4 == 0, -30.0, np.nan)  # where none is known it counts as 0
    found = change(spec(), terms, chosen(RIGHT, WRONG, Refund=refund))
    assert found is not None
    assert found.gain == pytest.approx((30 + 1) / 4 + 1 / 4)
    assert found.interval[0] > 0


def test_a_function_is_asked_about_what_each_side_would_decide() -> None:
    terms = Value(unit="EUR", function="recipes/worth.py:worth", threshold=0.4)
    source = "def worth(rows):\n    return (rows['prediction'] == rows['actual']) * rows['amount']\n"
    found = change(spec(value_source=source), terms, chosen(RIGHT, WRONG, amount=np.full(ROWS, 6.0)))
    assert found is not None
    assert found.gain == pytest.approx(3)


@pytest.mark.parametrize("terms", [Value(true_positive="nowhere"), Value(function="recipes/worth.py:worth")])
def test_what_cannot_be_valued_says_why_and_does_not_block(terms: Value) -> None:
    found = checks.value(spec(), terms, chosen(RIGHT, WRONG))
    assert found is not None
    assert (found.passed, found.blocking) == (None, False)
    assert "cannot be told: " in found.detail
