"""Keys of rows: the same in every release, because sides of the split hang on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shopfloor.artifacts.rowkeys import content_keys, digest, id_keys, occurrences, shares
from shopfloor.artifacts.table import infer_columns, parse

FRAME = pd.DataFrame(
    {
        "n": [1.0, 2.5, None],
        "t": ["a", None, "été"],
        "d": pd.to_datetime(["2024-01-31 06:30", None, "1969-12-31 00:00"]),
    }
)

GOLDEN_CONTENT = [16291722968664918945, 8474668173189289301, 10261503290674629596]
GOLDEN_IDS = [5717441744405258058, 9407870976149377255]


def keys(frame: pd.DataFrame) -> list[int]:
    return content_keys(parse(frame, infer_columns(frame)), sorted(frame.columns)).tolist()


def test_keys_never_change() -> None:
    """Written down once: a change here silently moves holdout rows into training."""
    assert keys(FRAME) == GOLDEN_CONTENT
    found, known = id_keys(pd.Series(["x", 7, None], dtype=object))
    assert found.tolist()[:2] == GOLDEN_IDS
    assert known.tolist() == [True, True, False]


def test_keys_ignore_order_of_columns_dtype_and_empty_columns() -> None:
    other = FRAME[["d", "t", "n"]].copy()
    other["later"] = np.nan
    assert keys(other) == keys(FRAME)
    whole = pd.DataFrame({"n": [1, 2]})
    assert keys(whole) == keys(whole.astype(float)) == keys(whole.astype("Int64"))
    assert keys(pd.DataFrame({"n": [0.0]})) == keys(pd.DataFrame({"n": [-0.0]}))


def test_values_in_other_columns_or_rows_differ() -> None:
    frame = pd.DataFrame({"a": ["x", "y", "x", "y"], "b": ["y", "x", "x", "y"]})
    assert len(set(keys(frame))) == 4


def test_shares_are_even() -> None:
    rows = pd.DataFrame({"n": np.arange(20_000.0)})
    found = shares(content_keys(parse(rows, infer_columns(rows)), ["n"]))
    counts, _ = np.histogram(found, bins=10, range=(0, 1))
    assert counts.sum() == 20_000
    assert abs(counts - 2000).max() < 200


def test_digest_is_of_the_set() -> None:
    some = np.array([3, 1, 2], dtype=np.uint64)
    assert digest(some) == digest(some[::-1]) != digest(some[:2])


def test_occurrences_count_equal_rows() -> None:
    assert occurrences(np.array([5, 7, 5, 5, 7], dtype=np.uint64)).tolist() == [0, 0, 1, 2, 1]
