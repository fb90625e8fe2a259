"""The constant answer that every model must beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shopfloor.release.blocks import Blocks
from shopfloor.release.metrics import Metric, measure
from shopfloor.release.paired import Comparison, compare, studentised
from shopfloor.release.scored import Scored

_ABSOLUTE = ("absolute", "median", "max_error")


def constant(metric: Metric, scored: Scored) -> Scored:
    """`scored` with the answers of a constant model that knows these very rows.

    Classes: the commonest class and the shares as probabilities. Numbers: the median for
    absolute errors, else the mean.
    """
    count = len(scored)
    if not scored.task.classification:
        middle = np.median if any(word in metric.name for word in _ABSOLUTE) else np.mean
        return replace(scored, answer=np.full(count, float(middle(scored.target))))
    counts = scored.class_rows()
    return replace(
        scored,
        answer_code=np.full(count, int(counts.argmax()), dtype=np.intp),
        probability=np.tile(counts / counts.sum(), (count, 1)),
    )


def against_constant(
    metric: Metric, scored: Scored, blocks: Blocks, dummy_score: float | None, *, alpha: float
) -> Comparison:
    """The gain over a constant model, paired on the same rows.

    The level to beat is `dummy_score` where training measured it (its constant comes from the
    training rows), else the score of the best constant for these rows. The error of the gain is
    that against the constant of these rows in both cases.
    """
    flat = constant(metric, scored)
    found = compare(metric, scored, flat, blocks, alpha=alpha)
    if dummy_score is None:
        return found
    gain = measure(metric, scored) - dummy_score
    return studentised(gain, found.error, found.units, alpha, found.method)
