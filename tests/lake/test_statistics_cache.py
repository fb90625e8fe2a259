"""What is kept comes back as it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.lake.parts import part

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.lake import statistics
from shopfloor.lake.bins import SparseHistogram
from shopfloor.lake.distinct import Distinct
from shopfloor.lake.statistics_cache import Kept, StatisticsCache, chain


@settings(deadline=None)
@given(
    arrays.arrays(np.int64, st.integers(0, 9)),
    arrays.arrays(np.uint64, st.integers(0, 9)),
    st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.none(),
)
def test_arrays_and_ends_come_back(
    tmp_path_factory: object, whole: np.ndarray, hashes: np.ndarray, low: int | float | str | None
) -> None:
    cache = StatisticsCache(Path(tmp_path_factory.mktemp("cache")))  # type: ignore[attr-defined]
    kept = msgspec.structs.replace(
        statistics.nothing(3), grid=SparseHistogram(-7, whole, whole), distinct=Distinct(hashes), low=low, high=low
    )
    cache.put("ab", Kept(present=("a", "b"), columns={"number:a": kept}))
    found = cache.get("ab")
    assert found is not None
    back = found.columns["number:a"]
    assert found.present == ("a", "b")
    assert (back.low, type(back.low), back.rows, back.grid.level) == (low, type(low), 3, -7)
    for array, original in ((back.grid.keys, whole), (back.grid.counts, whole), (back.distinct.hashes, hashes)):
        assert array.dtype == original.dtype
        assert np.array_equal(array, original)


def test_other_formats_and_absent_names_do_not_count(tmp_path: Path) -> None:
    cache = StatisticsCache(tmp_path)
    assert cache.get("ab") is None
    cache.put("ab", Kept(format="shopfloor/statistics/0"))
    assert cache.has("ab")
    assert cache.get("ab") is None
    assert not list(tmp_path.rglob("*.tmp"))


def test_merged_statistics_are_named_by_their_parts_in_order(tmp_path: Path) -> None:
    columns = [Column(name="i", type=ColumnType.INTEGER)]
    first, second = (part(tmp_path, columns, [(number,)]) for number in (1, 2))
    names = chain([first, second])
    assert names[:1] == chain([first])
    assert len({*names, *chain([second, first])}) == 4
