"""Feature drift: one result a feature of the model."""

from __future__ import annotations

from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import measure_drift
from shopfloor.monitoring.measurement import Measurement
from shopfloor.monitoring.records import FEATURE_DRIFT


class FeatureDrift:
    """Whether the values of a feature are distributed as they were (`measure_drift`)."""

    name = FEATURE_DRIFT

    def run(self, context: CheckContext) -> list[Measurement]:
        """A column that is not there counts as missing in every row."""
        rows, reference = context.rows, context.reference
        if rows is None:
            return []
        chunks = (reference.chunks, reference.chunked_by)
        return [
            measure_drift(self.name, feature, chunks, rows.sketch(feature), rows, context, has_unit=True)
            for feature in reference.features
        ]


CHECK = FeatureDrift()
