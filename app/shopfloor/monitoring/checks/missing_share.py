"""Missing share: one result a feature that misses values now or did in training."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import significant
from shopfloor.monitoring import wording
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.drift import BREAK_SHARE
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.rates import Count, differ, times_usual
from shopfloor.monitoring.records import MISSING_RATE, MISSING_SHARE, FeatureReference, Sketch
from shopfloor.monitoring.thresholds import FEW_ROWS, prediction_limit
from shopfloor.statistics.distances import homogeneity

_LEAST = 0.03


class MissingShare:
    """Whether more values are missing than in training, its chunks and the deliveries that were in order."""

    name = MISSING_SHARE

    def run(self, context: CheckContext) -> list[Measurement]:
        """A column that is not there counts as missing in every row."""
        rows = context.inputs
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
        lost = value >= min(limit + BREAK_SHARE, (1 + limit) / 2)
        rises = () if lost else (self._rate(feature, current, rows, context),)

        def message(result: CheckResult) -> str:
            return wording.missing(result, feature, current, unknown)

        return Measurement(
            check=self.name,
            sample=rows,
            feature=feature.name,
            rows=current.rows,
            importance=feature.importance,
            findings=(Finding(self.name, value, limit, is_break=lost), *rises),
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

    def _rate(self, feature: FeatureReference, current: Sketch, rows: InputRows, context: CheckContext) -> Finding:
        """A share that is small and has become many times what it was lately, or is on the whole.

        Values go missing in rows that follow each other, where a sensor is off: each such run counts once.
        """
        chunks = [(chunk.missing, chunk.rows) for chunk in feature.chunks if chunk.rows >= FEW_ROWS]
        past = [
            *(chunks if context.reference.chunked_by != "random" else []),
            *self._deliveries(feature, rows, context),
        ]
        whole = (feature.whole.missing, feature.whole.rows)
        before = max([whole, *past[-1:]], key=lambda one: one[0] / one[1])
        share, now = before[0] / before[1], current.missing_share
        each = rows.column(feature).gap
        independent = [(missing / each, all / each) for missing, all in ((current.missing, current.rows), before)]
        return Finding(
            MISSING_RATE,
            now,
            min(max(share * times_usual([*chunks, *self._deliveries(feature, rows, context)]), _LEAST), 1.0),
            practical=differ(*independent),
            is_break=True,
        )

    def _deliveries(self, feature: FeatureReference, rows: InputRows, context: CheckContext) -> list[Count]:
        """How many rows of each delivery that was in order missed the value, oldest first."""
        earlier = sorted(context.earlier(self.name, feature.name, rows.source), key=lambda one: one.at)
        return [
            (float(result.evidence.get("missing", 0)), result.rows)
            for result in earlier
            if result.verdict is CheckVerdict.OK and result.rows >= FEW_ROWS
        ]


CHECK = MissingShare()
