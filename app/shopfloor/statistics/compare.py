"""Two models on the same rows: the paired test that suits the metric and the rows."""

from __future__ import annotations

from shopfloor.statistics.arrays import np
from shopfloor.statistics.blocks import Blocks, rows
from shopfloor.statistics.metric import Measured, Metric
from shopfloor.statistics.paired import Comparison, bootstrap, from_influence
from shopfloor.statistics.predictions import Predictions


def compare(
    metric: Metric,
    challenger: Predictions,
    champion: Predictions,
    blocks: Blocks | None = None,
    *,
    alpha: float,
    seed: int = 0,
) -> Comparison:
    """Challenger minus champion by `metric`; both have the same `known` rows.

    Independent rows: the metric's classical test (DeLong for `roc_auc`, McNemar for `accuracy`),
    paired t for mean losses. Dependent rows: block sums of the same influences. Other smooth
    metrics: their influences (the linearised bootstrap: same error to first order, no
    resampling). Metrics that are not smooth: paired bootstrap.
    """
    groups = rows(len(challenger)) if blocks is None else blocks
    with np.errstate(divide="ignore", invalid="ignore"):
        if groups.code is None and metric.paired is not None:
            classical = metric.paired(challenger, champion, alpha)
            if classical is not None:
                return classical
        return _compared(metric.measure(challenger), metric.measure(champion), len(challenger), groups, alpha, seed)


def _compared(new: Measured, old: Measured, count: int, blocks: Blocks, alpha: float, seed: int) -> Comparison:
    resampled, other_resampled = new.resampled, old.resampled
    if resampled is not None and other_resampled is not None:
        return bootstrap(lambda index: resampled(index) - other_resampled(index), count, blocks, alpha, seed=seed)
    influence, other_influence = new.influence(), old.influence()
    assert influence is not None
    assert other_influence is not None
    method = "paired test" if blocks.code is None else f"paired test of {blocks.unit}s"
    return from_influence(new.score - old.score, influence - other_influence, blocks, alpha, method)
