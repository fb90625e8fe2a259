"""What an alert says: which checks fire, how they belong together, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopfloor.domain.alert_commands import ACTUALS, SOURCES
from shopfloor.domain.monitor import CheckResult, CheckVerdict, Severity
from shopfloor.domain.numbers import percent
from shopfloor.domain.text import counted, first_of, safe
from shopfloor.monitoring.check_history import LITTLE, CheckKey, is_break, key_of
from shopfloor.monitoring.delivery_verdict import evidence_of
from shopfloor.monitoring.records import (
    CALIBRATION,
    ESTIMATED_PERFORMANCE,
    FEATURE_DRIFT,
    MISSING_SHARE,
    MULTIVARIATE_DRIFT,
    OUTGROWN,
    PERFORMANCE,
    PREDICTION_DRIFT,
    SLICES,
    STALENESS,
    TARGET_DRIFT,
)

CHECKS = "symptoms"
"""Where an alert's evidence keeps its checks; every alert that checks opened has it. The key is older than its name."""
BREAK = "break"
"""Where it keeps whether a change is too great for a season."""
_OTHERS = (CALIBRATION, ESTIMATED_PERFORMANCE)
CONSEQUENCES = (PREDICTION_DRIFT, PERFORMANCE, *_OTHERS)
"""What comes of inputs that moved."""
FOLLOWING = (SLICES, STALENESS, MULTIVARIATE_DRIFT)
"""What inputs that moved explain, by themselves or by how they hang together."""
_NAMED = 3


@dataclass(frozen=True)
class AlertText:
    """The results that one alert is about, the weightiest first.

    `inputs` are those about rows: features that drifted or miss values, and whatever else a check
    of the rows found. `others` are what the model does worse by another measure than performance. `gradual` are
    features that training no longer covers.
    """

    inputs: tuple[CheckResult, ...]
    predictions: CheckResult | None
    performance: CheckResult | None
    others: tuple[CheckResult, ...]
    gradual: tuple[CheckResult, ...]

    @staticmethod
    def of(firing: Sequence[CheckResult]) -> AlertText:
        """The checks of one cause; those that are not SHIFTED have moved gradually."""
        shifted = [one for one in firing if one.verdict is CheckVerdict.SHIFTED]
        gradual = [one for one in firing if one.verdict is not CheckVerdict.SHIFTED]
        inputs = [one for one in shifted if one.check not in CONSEQUENCES]
        return AlertText(
            inputs=tuple(sorted(inputs, key=_weight, reverse=True)),
            predictions=next((one for one in shifted if one.check == PREDICTION_DRIFT), None),
            performance=next((one for one in shifted if one.check == PERFORMANCE), None),
            others=tuple(one for one in shifted if one.check in _OTHERS),
            gradual=tuple(sorted(gradual, key=_weight, reverse=True)),
        )

    @property
    def check(self) -> str:
        if self.inputs:
            return FEATURE_DRIFT if self.inputs[0].check == MISSING_SHARE else self.inputs[0].check
        if self.performance is not None:
            return PERFORMANCE
        if self.predictions is not None:
            return PREDICTION_DRIFT
        return self.others[0].check if self.others else OUTGROWN

    @property
    def leading(self) -> CheckResult:
        """The check whose numbers the alert shows."""
        candidates = (*self.inputs[:1], self.performance, self.predictions, *self.others, *self.gradual)
        return next(result for result in candidates if result is not None)

    @property
    def feature(self) -> str | None:
        return self.leading.feature

    @property
    def value(self) -> float | None:
        return self.leading.value

    @property
    def limit(self) -> float | None:
        return self.leading.limit

    @property
    def severity(self) -> Severity:
        """By importance of the features, and by the effect on predictions and performance, or as a check says."""
        if self.performance is not None or any(result.evidence.get("critical") for result in self.inputs):
            return Severity.CRITICAL
        if not self.inputs:
            return Severity.WARNING if self.predictions is not None or self.others else Severity.INFO
        weights = [result.importance for result in self.inputs]
        known = [weight for weight in weights if weight is not None]
        little = len(known) == len(weights) and sum(known) < LITTLE
        if self.predictions is not None:
            return Severity.WARNING if little else Severity.CRITICAL
        return Severity.INFO if little else Severity.WARNING

    @property
    def broken(self) -> bool:
        return any(is_break(result) for result in self.inputs)

    @property
    def message(self) -> str:
        parts = [*self._changed_inputs(), *self._outgrown_inputs()]
        parts += [result.message for result in (self.predictions, self.performance, *self.others) if result is not None]
        return " ".join(part for part in parts if part)

    def _changed_inputs(self) -> list[str]:
        changed = _one_a_feature(self.inputs)
        named = [f"{result.message}{_importance(result)}" for result in changed[:_NAMED]]
        more = len(changed) - len(named)
        return [*named, f"{counted(more, 'more feature')} changed."] if more > 0 else named

    def _outgrown_inputs(self) -> list[str]:
        if not self.gradual or self.inputs:
            return []
        names = first_of([safe(result.feature or "", 60) for result in self.gradual], _NAMED)
        return [f"{names} moved gradually out of the range of the training data, as in a season."]

    @property
    def cause(self) -> str:
        """Why it probably happened, in words; empty when nothing is known."""
        if said := self.leading.evidence.get("cause"):
            return str(said)
        guess = next((result for result in self.inputs if result.evidence.get("unit_change")), None)
        if guess is not None:
            return f"{safe(guess.feature or '', 60)}: it looks as if {guess.evidence['unit_change']}."
        features = [one.feature for one in _one_a_feature(self.inputs) if one.feature]
        names = first_of([safe(feature, 60) for feature in features], _NAMED)
        if self.broken and names:
            return f"{names} changed abruptly in the newest data."
        if self.inputs:
            return f"{names} changed and stayed changed." if names else ""
        if self.performance is not None:
            return "The inputs are stable: the target itself has changed, or is recorded differently."
        if self.predictions is not None:
            return (
                "The predictions shifted, but no single feature did: check feature combinations and the model version."
            )
        if self.check == ESTIMATED_PERFORMANCE:
            return "The rows lie where the model is less sure. This is an estimate: no labels have told yet."
        if self.others:
            return "The inputs are stable: what the model gives a chance happens more or less often than before."
        return "The training data does not cover this time of year yet."

    @property
    def actions(self) -> tuple[str, ...]:
        """What to do, the best first; some checks say it themselves. To learn what was measured wrongly would teach it;
        the rest is drift, however large."""
        if own := self.leading.evidence.get("actions"):
            return tuple(map(str, own))
        can_retrain = self.check in (FEATURE_DRIFT, TARGET_DRIFT, PERFORMANCE, CALIBRATION, OUTGROWN)
        if self.broken and not self.is_of_delivery:
            return ("ack", "snooze")
        if self.broken and (not can_retrain or evidence_of(self._results)):
            return ("withdraw", "trust", "ack", "snooze")
        return ("retrain", "ack", "snooze") if can_retrain else ("ack", "retrain", "snooze")

    @property
    def _results(self) -> list[CheckResult]:
        told = [result for result in (self.predictions, self.performance, *self.others) if result is not None]
        return [*self.inputs, *self.gradual, *told]

    @property
    def is_of_delivery(self) -> bool:
        """Whether the leading check is about delivered rows, and not about stored predictions."""
        return self.leading.source == "data"

    def evidence(self, kept: Sequence[CheckKey]) -> dict[str, object]:
        """What the screen shows, and the checks that must be in order before the alert resolves."""
        results = self._results
        own = [(OUTGROWN, "", key_of(one)[2]) if one in self.gradual else key_of(one) for one in results]
        return {
            CHECKS: [list(key) for key in dict.fromkeys([*own, *kept])],
            BREAK: self.broken,
            "model_version": self.leading.model_version,
            "features": [
                {
                    "check": result.check,
                    "feature": result.feature,
                    "value": result.value,
                    "limit": result.limit,
                    "importance": result.importance,
                }
                for result in (*self.inputs, *self.gradual)
            ],
            "consequences": [
                {"check": result.check, "feature": result.feature, "value": result.value, "limit": result.limit}
                for result in (self.performance, self.predictions, *self.others)
                if result is not None
            ],
            SOURCES: sorted({_rows_of(result) for result in results}),
        }


def _rows_of(result: CheckResult) -> str:
    return ACTUALS if result.source == "inference" and result.evidence.get("labelled") else result.source


def _weight(result: CheckResult) -> tuple[bool, float, str]:
    """Importance times effect: how many times the limit it is, and how much that can matter. What inputs that moved
    explain comes after them.
    """
    effect = (result.value or 0.0) / max(result.limit or 0.0, 1e-9)
    weight = effect * (1.0 if result.importance is None else result.importance + 1e-6)
    return result.check not in FOLLOWING, weight, result.feature or ""


def _one_a_feature(results: Sequence[CheckResult]) -> list[CheckResult]:
    """The weightiest result of each feature (of each check that is about no feature), in order."""
    return list({result.feature or key_of(result): result for result in reversed(results)}.values())[::-1]


def _importance(result: CheckResult) -> str:
    if result.evidence.get("used") is False:
        return " The model does not use it."
    if result.importance is None:
        return ""
    if result.importance < 0.01:
        return " It has little importance for the model."
    return f" It carries {percent(result.importance)} of the importance."
