"""Missing share: one result a feature that misses values now or did in training."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import significant
from shopfloor.monitoring import wording
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.drift import BREAK_SHARE
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.records import MISSING_SHARE, FeatureReference, Sketch
from shopfloor.monitoring.thresholds import prediction_limit
from shopfloor.statistics.distances import homogeneity


class MissingShare:
    """Whether more values are missing than in training, its chunks and the deliveries that were in order."""

    name = MISSING_SHARE

    def run(self, context: CheckContext) -> list[Measurement]:
        """A column that is not there counts as missing in every row."""
        rows = context.rows
        if rows is None:
            return []
        sketches = [(feature, rows.sketch(feature)) for feature in rows.watched(context.reference)]
        return [
            self._measured(feature, current, rows, context)
            for feature, current in sketches
            if current.missing or feature.whole.missing
        ]

    def _measured(
        self, feature: FeatureReference, current: Sketch, rows: InputRows, context: CheckContext
    ) -> Measurement:
        whole = feature.whole
        unknown = too_few(current.rows, whole.rows, context.settings.min_rows)
        limit, value = self._limit(feature, rows, context), current.missing_share
        p_value = homogeneity((current.present, current.missing), (whole.present, whole.missing))

        def message(result: CheckResult) -> str:
            return wording.missing(result, feature, current, unknown)

        return Measurement(
            check=self.name,
            sample=rows,
            feature=feature.name,
            rows=current.rows,
            importance=feature.importance,
            findings=(Finding(self.name, value, limit, is_break=value >= min(limit + BREAK_SHARE, (1 + limit) / 2)),),
            p_value=None if unknown else p_value,
            unknown=unknown,
            evidence={
                "reference_rows": whole.rows,
                "used": feature.used,
                "missing": current.missing,
                "reference_share": significant(whole.missing_share),
                "chunks": [significant(chunk.missing_share) for chunk in feature.chunks],
            },
            message=message,
        )

    def _limit(self, feature: FeatureReference, rows: InputRows, context: CheckContext) -> float:
        whole = feature.whole.missing_share
        earlier = [
            float(result.value)
            for result in context.earlier(self.name, feature.name, rows.source)
            if result.verdict is CheckVerdict.OK and result.value is not None
        ]
        usual = [whole, *(chunk.missing_share for chunk in feature.chunks if chunk.rows), *earlier]
        return min(max(whole + context.settings.min_effect, prediction_limit(usual)), 1.0)


CHECK = MissingShare()
