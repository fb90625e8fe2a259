"""Feature drift: one result a feature of the model, and a column of the delivery that is none."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.text import safe
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.drift import measure_drift
from shopfloor.monitoring.measurement import Measurement
from shopfloor.monitoring.records import FEATURE_DRIFT


class FeatureDrift:
    """Whether the values of a feature are distributed as they were (`measure_drift`)."""

    name = FEATURE_DRIFT

    def run(self, context: CheckContext) -> list[Measurement | CheckResult]:
        """A column that is not there counts as missing in every row."""
        rows, reference = context.inputs, context.reference
        if rows is None:
            return []
        chunks = (reference.chunks, reference.chunked_by)
        compared: list[Measurement | CheckResult] = [
            measure_drift(self.name, feature, chunks, rows.sketch(feature), rows, context, has_unit=True)
            for feature in rows.watched(reference)
        ]
        follow_time = reference.follow_time if rows.source == "data" else ()
        return [*compared, *(self._moving(name, rows, context) for name in follow_time)]

    def _moving(self, name: str, rows: InputRows, context: CheckContext) -> CheckResult:
        reason = f"{safe(name, 60)}: inconclusive, it has other values as time goes on and is no feature."
        return context.result(self.name, rows, CheckVerdict.UNKNOWN, reason, rows=len(rows), feature=name)


CHECK = FeatureDrift()
