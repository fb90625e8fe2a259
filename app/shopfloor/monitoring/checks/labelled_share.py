"""Labelled share: whether a delivery brings its labels, as those before it did."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import percent, significant
from shopfloor.domain.text import safe
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import BREAK_SHARE
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.records import LABELLED_SHARE
from shopfloor.monitoring.thresholds import prediction_limit
from shopfloor.statistics.distances import homogeneity


class LabelledShare:
    """Whether more labels are missing than in the deliveries that were in order.

    `value` is the share of rows without a label. Nothing where labels are known to follow their rows.
    """

    name = LABELLED_SHARE

    def run(self, context: CheckContext) -> list[Measurement]:
        """One answer; none where the rows are no delivery of the dataset, or the target is no column of it."""
        rows, reference, target = context.rows, context.reference, context.definition.target
        if rows is None or context.labels_follow or rows.source != "data" or target not in rows.all_rows:
            return []
        missing = int(rows.all_rows[target].isna().sum())
        share = missing / len(rows) if len(rows) else 0.0
        limit = self._limit(context)
        unknown = too_few(len(rows), reference.rows, context.settings.min_rows)

        def message(result: CheckResult) -> str:
            name = safe(target, 60)
            if unknown:
                return f"Labels of {name}: inconclusive, {unknown}."
            if result.verdict is CheckVerdict.OK:
                return f"{percent(1 - share)} of the rows have a label of {name}, as expected."
            return f"Only {percent(1 - share)} of the rows have a label of {name} (limit {percent(1 - limit)})."

        return [
            Measurement(
                check=self.name,
                sample=rows,
                feature=None,
                rows=len(rows),
                findings=(Finding(self.name, share, limit, is_break=share >= limit + BREAK_SHARE),),
                p_value=None if unknown else homogeneity((len(rows) - missing, missing), (reference.rows, 0)),
                unknown=unknown,
                evidence={"missing": missing, "labelled": len(rows) - missing, "share": significant(1 - share)},
                message=message,
            )
        ]

    def _limit(self, context: CheckContext) -> float:
        """What other deliveries went without; the model's own rows all have a label."""
        past = [
            result.value
            for result in context.history
            if result.check == self.name and result.verdict is CheckVerdict.OK and result.value is not None
        ]
        return min(max(context.settings.min_effect, prediction_limit(past)), 1.0)


CHECK = LabelledShare()
