"""What a delivery brings where it writes rows of before again, and what that is worth to the promotions after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.upkeep.works import Works

from shopfloor.engine.line.train_and_judge import blocks_of_versions
from shopfloor.statistics.alpha_wallet import alpha_of_test
from shopfloor.store import datasets

ALPHA = 0.05


@pytest.mark.parametrize("daily", [30, 5000])
def test_snapshots_of_a_year_refill_no_more_than_their_new_rows(tmp_path: Path, daily: int) -> None:
    """Each holds all rows of before; as rows that are all new each would buy the error of a month."""
    works = Works(tmp_path)
    tries: list[int] = []
    spent = 0.0
    for day in range(60):
        number = works.commit("flights", [works.flights("Oslo")], digest=f"d{day}", added=daily)
        fresh = works.store.read(lambda query, number=number: datasets.fresh_rows(query, "flights", number))  # type: ignore[misc]
        assert [one.rows for one in fresh] == [daily] * number
        blocks, months = blocks_of_versions(fresh, labelled=1.0)
        spent += alpha_of_test(ALPHA, tries, blocks, months)
        tries.append(number)
        works.clock.forward(hours=24)
    works.store.close()
    assert 0 < spent <= ALPHA + 60 / 30 * ALPHA / 4 + ALPHA / 4


def test_unlabelled_rows_refill_nothing(tmp_path: Path) -> None:
    works = Works(tmp_path)
    works.commit("flights", [works.flights("Oslo")], added=900)
    fresh = works.store.read(lambda query: datasets.fresh_rows(query, "flights", 1))
    works.store.close()
    assert blocks_of_versions(fresh, labelled=0.1) == ((), ())
    assert blocks_of_versions(fresh, labelled=0.2) == ((1,), (1.0,))
