"""The constant prediction that every model must beat."""

from __future__ import annotations

from dataclasses import replace

from shopfloor.statistics.arrays import np
from shopfloor.statistics.metric import Constant, Metric
from shopfloor.statistics.predictions import Predictions


def constant(metric: Metric, predictions: Predictions) -> Predictions:
    """The predictions of a constant model that knows the truth of these very rows.

    Classes: the commonest class and the shares as probabilities. Numbers: the median for
    absolute errors, else the mean.
    """
    count = len(predictions)
    if not predictions.task.classification:
        middle = np.median if metric.constant is Constant.MEDIAN else np.mean
        return replace(predictions, predicted=np.full(count, float(middle(predictions.truth))))
    counts = predictions.class_rows()
    return replace(
        predictions,
        predicted=np.full(count, int(counts.argmax()), dtype=np.intp),
        probability=np.tile(counts / counts.sum(), (count, 1)),
    )
