"""Prediction drift: whether the model answers as it did on its holdout and lately."""

from __future__ import annotations

from shopfloor.monitoring.bins import bin_values, watched_values
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import measure_drift
from shopfloor.monitoring.measurement import Measurement
from shopfloor.monitoring.records import PREDICTION_DRIFT


class PredictionDrift:
    """Whether predictions are distributed as they were (`measure_drift`)."""

    name = PREDICTION_DRIFT

    def run(self, context: CheckContext) -> list[Measurement]:
        """Nothing when the reference has no predictions."""
        stored, reference = context.predictions, context.reference
        if stored is None or not len(stored) or reference.prediction is None:
            return []
        feature = reference.prediction
        current = bin_values(watched_values(stored.predictions), feature.bins).sketch(feature.bins)
        chunks = (reference.prediction_chunks, reference.prediction_chunked_by)
        return [measure_drift(self.name, feature, chunks, current, stored, context, has_unit=False)]


CHECK = PredictionDrift()
