"""Value: whether the decisions of the champion earn more than answers that need no model."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import money, rounded
from shopfloor.domain.text import counted, safe
from shopfloor.domain.value import ValueComparison, ValueReport
from shopfloor.monitoring.check_context import CheckContext, Sample
from shopfloor.monitoring.records import VALUE

_LEVEL = 0.025


class ValueCheck:
    """Whether a model is worth having.

    `value` is what the champion's decisions earned a row beyond the best of the answers that need no model: one answer
    for all rows, and the team's own rule. `SHIFTED` when that is below 0 with p at most .025, with days as
    blocks where there are enough, corrected for the number of such answers. `UNKNOWN` for too few actuals.
    """

    name = VALUE

    def run(self, context: CheckContext) -> Sequence[CheckResult]:
        """One result; nothing without terms, or before the first actual of the version's decisions."""
        report = context.value
        if report is None or report.champion != context.model_version or report.simplest is None:
            return []
        return [_judged(report, report.simplest, context)]


def _judged(report: ValueReport, simplest: ValueComparison, context: CheckContext) -> CheckResult:
    rows, unit = report.champion_rows, safe(report.unit, 20)
    few = context.too_few(rows)
    known = simplest.interval
    p_value = None if simplest.p_worse is None else min(simplest.p_worse * len(report.simple), 1.0)
    less = p_value is not None and p_value <= _LEVEL
    verdict = CheckVerdict.UNKNOWN if few or known is None else CheckVerdict.SHIFTED if less else CheckVerdict.OK
    span = "" if known is None else f" ({rounded(known[0])} to {rounded(known[1])})"
    gain = f"{money(simplest.gain, unit, signed=True)}{span} a row on {counted(rows, 'row')}"
    message = f"Value: the model earns more than '{safe(simplest.name, 80)}', or as much: {gain}."
    if verdict is CheckVerdict.SHIFTED:
        message = f"Value: the model earns less than '{safe(simplest.name, 80)}': {gain}."
    elif few:
        message = f"Value: inconclusive, {few}."
    return context.result(
        VALUE,
        Sample(
            source="inference",
            data=f"truths {rows // max(context.settings.min_rows, 1)}",
            moment=context.at,
            labelled=True,
        ),
        verdict,
        message,
        rows=rows,
        value=simplest.gain,
        limit=0.0,
        p_value=None if few else p_value,
        evidence={"against": simplest.name, "interval": None if known is None else list(known), "unit": report.unit},
    )


CHECK = ValueCheck()
