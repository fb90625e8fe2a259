"""What a check measured with a test, and the verdict once all tests of the run are corrected together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import significant
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, Sample
from shopfloor.monitoring.records import BREAKS, UNIT_CHANGE, UNIT_IS_CERTAIN
from shopfloor.statistics.false_discovery import benjamini_hochberg


@dataclass(frozen=True)
class Finding:
    """One way in which something may have changed: `value` is too much above `limit`.

    `practical` is False when the change is too small against the whole reference to matter; `far`
    when the data lies outside what the reference itself covers; `is_break` when the change is too
    great for a season; `still_moving` when the value is the distance from a delivery that had
    shifted itself.
    """

    measure: str
    value: float
    limit: float
    practical: bool = True
    far: bool = False
    is_break: bool = False
    still_moving: bool = False

    @property
    def shifted(self) -> bool:
        """Effect enough; evidence is judged apart."""
        return self.practical and self.value > self.limit


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A check of one feature (or of the predictions) before the p-values of the run are corrected.

    `unknown` says why the check cannot tell, and is empty otherwise. `unit_change` is a likely change
    of unit in words, `unit_is_certain` when nothing else is likely to have done that. `message`
    writes the sentence for a result.
    """

    check: str
    sample: Sample
    feature: str | None
    rows: int
    importance: float | None = None
    findings: Sequence[Finding] = ()
    p_value: float | None = None
    unknown: str = ""
    unit_change: str = ""
    unit_is_certain: bool = False
    evidence: dict[str, Any]
    message: Callable[[CheckResult], str]

    def conclude(self, p_value: float | None, family: int, context: CheckContext) -> CheckResult:
        """The result, given the p-value corrected for `family` tests: SHIFTED needs effect and evidence."""
        evident = p_value is not None and p_value <= context.settings.false_discovery_rate
        shifted = [finding for finding in self.findings if finding.shifted and evident]
        leading = max(shifted, key=lambda one: one.value / max(one.limit, 1e-9)) if shifted else None
        shown = leading or (self.findings[0] if self.findings and not self.unknown else None)
        result = context.result(
            self.check,
            self.sample,
            self._verdict(shifted),
            "",
            rows=self.rows,
            feature=self.feature,
            value=None if shown is None else significant(shown.value),
            limit=None if shown is None else significant(shown.limit),
            p_value=p_value,
            importance=self.importance,
            evidence={
                **self.evidence,
                **self._conclusions(shifted),
                **({"measure": shown.measure} if shown else {}),
                **({"false_alarms": context.settings.false_discovery_rate / family} if p_value is not None else {}),
            },
            is_break=self._is_break(shifted),
        )
        return msgspec.structs.replace(result, message=self.message(result))

    def _verdict(self, shifted: Sequence[Finding]) -> CheckVerdict:
        if self.unknown:
            return CheckVerdict.UNKNOWN
        return CheckVerdict.SHIFTED if shifted else CheckVerdict.OK

    def _is_break(self, shifted: Sequence[Finding]) -> bool:
        return bool(shifted) and (self.unit_is_certain or any(finding.is_break for finding in shifted))

    def _conclusions(self, shifted: Sequence[Finding]) -> dict[str, Any]:
        in_order = not shifted and not self.unknown
        found: dict[str, Any] = {
            BREAKS: [finding.measure for finding in shifted if finding.is_break],
            "still_moving": any(finding.still_moving for finding in shifted),
            "gradual": in_order and any(finding.far for finding in self.findings),
        }
        if self.unit_change and self._is_break(shifted):
            found |= {UNIT_CHANGE: self.unit_change, UNIT_IS_CERTAIN: self.unit_is_certain}
        return found


def conclude(answers: Sequence[CheckResult | Measurement], context: CheckContext) -> list[CheckResult]:
    """Results in the order of `answers`: p-values of measurements of the same rows are corrected
    together (Benjamini-Hochberg), whichever checks they come from."""
    tested: dict[int, list[Measurement]] = {}
    for answer in answers:
        if isinstance(answer, Measurement) and answer.p_value is not None:
            tested.setdefault(id(answer.sample), []).append(answer)
    corrected: dict[int, tuple[float | None, int]] = {}
    for family in tested.values():
        adjusted = benjamini_hochberg([one.p_value for one in family if one.p_value is not None])
        corrected |= {id(one): (value, len(family)) for one, value in zip(family, adjusted, strict=True)}
    return [
        one.conclude(*corrected.get(id(one), (None, 0)), context) if isinstance(one, Measurement) else one
        for one in answers
    ]


def too_few(rows: int, reference_rows: int, least: int) -> str:
    """Why so few rows with a value cannot tell; empty when they are enough."""
    if rows < least:
        return f"{counted(rows, 'row with a value is', 'rows with a value are')} too few to tell (at least {least})"
    if reference_rows < least:
        return f"the reference has only {counted(reference_rows, 'row')} with a value"
    return ""
