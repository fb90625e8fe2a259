from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from shopfloor.statistics import metrics
from shopfloor.statistics.promise import promise

AUC, R2 = metrics.find("roc_auc"), metrics.find("r2")


def test_nine_in_ten_next_blocks_are_as_promised() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0.8, 0.02, (4000, 6))
    kept = [low <= row[5] <= high for row in scores if (found := promise(AUC, row[:5])) for low, high in [found]]
    assert len(kept) == 4000
    assert np.mean(kept) == pytest.approx(0.90, abs=0.02)


def test_it_is_the_prediction_interval_of_student() -> None:
    blocks = [0.7, None, 0.8, 0.75]
    known = np.array([0.7, 0.8, 0.75])
    reach = stats.t.ppf(0.95, 2) * known.std(ddof=1) * (4 / 3) ** 0.5
    assert promise(AUC, blocks) == pytest.approx((0.75 - reach, 0.75 + reach))
    assert promise(AUC, [0.7, None, 0.8]) is None


def test_a_quiet_block_does_not_blow_it_up() -> None:
    low, high = promise(R2, [0.9, 0.92, 0.91, 0.2]) or (0.0, 0.0)
    assert -10 < low < 0.9 < high < 1
