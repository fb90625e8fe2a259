"""What a run keeps of its holdout: which classes are mixed up, how far numbers are off."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.training.worst_errors import confusion, residuals

_CLASSES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=60)


@given(_CLASSES)
def test_a_confusion_counts_every_row_once(pairs: list[tuple[str, str]]) -> None:
    truth, said = (pd.Series(list(part)) for part in zip(*pairs, strict=True))
    found = confusion(truth, said)
    assert found is not None
    for row, one in enumerate(found.labels):
        for column, other in enumerate(found.labels):
            assert found.counts[row][column] == pairs.count((one, other))


def test_more_classes_than_a_person_reads_are_left_out() -> None:
    many = pd.Series([str(number) for number in range(20)])
    assert confusion(many, many) is None


_NUMBERS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=80))
def test_residuals_count_every_row_once(pairs: list[tuple[float, float]]) -> None:
    truth, said = zip(*pairs, strict=True)
    found = residuals(pd.Series(truth), pd.Series(said))
    assert found is not None
    assert sum(found.counts) == len(truth)
    assert list(found.edges) == sorted(found.edges)
    assert found.median_absolute <= found.p90_absolute or np.isclose(found.median_absolute, found.p90_absolute)


def test_a_model_that_says_too_little_has_a_mean_above_zero() -> None:
    found = residuals(pd.Series([3.0, 5.0, np.nan]), pd.Series([1.0, 5.0, 2.0]))
    assert found is not None
    assert (found.mean, found.median_absolute, sum(found.counts)) == (1.0, 1.0, 2)
    assert residuals(pd.Series([np.nan]), pd.Series([1.0])) is None
