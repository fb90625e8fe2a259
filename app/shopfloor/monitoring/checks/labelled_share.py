"""Labelled share: whether a delivery brings its labels, as those before it did."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import percent, significant
from shopfloor.domain.text import safe
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import BREAK_SHARE
from shopfloor.monitoring.measurement import Finding, Measurement, too_few
from shopfloor.monitoring.records import LABELLED_SHARE, Reference
from shopfloor.monitoring.thresholds import FEW_ROWS, prediction_limit
from shopfloor.statistics.distances import homogeneity

_FEW = 4


class LabelledShare:
    """Whether more labels are missing than in the deliveries that the model learned from, and in those since.

    `value` is the share of rows without a label. Nothing where labels are known to follow their rows.
    """

    name = LABELLED_SHARE

    def run(self, context: CheckContext) -> list[Measurement]:
        """One answer; none where the rows are no delivery of the dataset, or the target is no column of it."""
        rows, reference, target = context.labels, context.reference, context.definition.target
        if rows is None or context.labels_follow or rows.source != "data" or target not in rows.all_rows:
            return []
        missing = int(rows.all_rows[target].isna().sum())
        share = missing / len(rows) if len(rows) else 0.0
        limit, known = self._limit(context), _learned(reference)
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
                p_value=None if unknown else homogeneity((missing, len(rows) - missing), known),
                unknown=unknown,
                evidence={"missing": missing, "labelled": len(rows) - missing, "share": significant(1 - share)},
                message=message,
            )
        ]

    def _limit(self, context: CheckContext) -> float:
        """What other deliveries went without: those that were learned, and those since that were in order."""
        reference, least = context.reference, context.settings.min_effect
        since = [
            result.value
            for result in context.history
            if result.check == self.name and result.verdict is CheckVerdict.OK and result.value is not None
            if result.at > reference.created_at or not reference.unlabelled
        ]
        past = [*(missing / rows for missing, rows in reference.unlabelled if rows >= FEW_ROWS), *since]
        missing, labelled = _learned(reference)
        usual = missing / max(missing + labelled, 1)
        if len(past) < _FEW:  # too few to say how much they differ
            return min(max(usual, *past, 0.0) + least, 1.0)
        return min(max(usual + least, prediction_limit(past)), 1.0)


def _learned(reference: Reference) -> tuple[int, int]:
    """The rows that the model could have learned from without and with a label; of an older reference those with."""
    missing = sum(one for one, _ in reference.unlabelled)
    rows = sum(one for _, one in reference.unlabelled)
    return (missing, rows - missing) if rows else (0, reference.rows)


CHECK = LabelledShare()
