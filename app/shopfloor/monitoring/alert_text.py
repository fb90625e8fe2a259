"""What an alert says: which checks speak, how they belong together, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopfloor.domain.monitor import CheckResult, CheckVerdict, Severity
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_history import CheckHistory, Symptom, is_break, symptom_of
from shopfloor.monitoring.records import (
    FEATURE_DRIFT,
    MISSING_SHARE,
    OUTGROWN,
    PERFORMANCE,
    PREDICTION_DRIFT,
)

_INPUTS = (FEATURE_DRIFT, MISSING_SHARE)
_NAMED = 3
_LITTLE = 0.02


@dataclass(frozen=True)
class AlertText:
    """What an alert says: which checks speak, how they belong together."""

    inputs: tuple[CheckResult, ...]
    predictions: CheckResult | None
    performance: CheckResult | None
    gradual: tuple[CheckResult, ...]

    @staticmethod
    def of(speaking: Sequence[CheckResult], history: CheckHistory) -> AlertText:
        """The checks that speak up. What else is SHIFTED in the same run is a symptom of theirs,
        unless all that speaks is a season."""
        shifted = [one for one in speaking if one.verdict is CheckVerdict.SHIFTED]
        told = [*shifted, *history.shifted(PREDICTION_DRIFT, PERFORMANCE)] if shifted else []
        gradual = [one for one in speaking if one.verdict is not CheckVerdict.SHIFTED]
        return AlertText(
            inputs=tuple(sorted((one for one in shifted if one.check in _INPUTS), key=_weight, reverse=True)),
            predictions=next((one for one in told if one.check == PREDICTION_DRIFT), None),
            performance=next((one for one in told if one.check == PERFORMANCE), None),
            gradual=tuple(sorted(gradual, key=_weight, reverse=True)),
        )

    @property
    def check(self) -> str:
        if self.inputs:
            return FEATURE_DRIFT
        if self.performance is not None:
            return PERFORMANCE
        return PREDICTION_DRIFT if self.predictions is not None else OUTGROWN

    @property
    def leading(self) -> CheckResult:
        """The check whose numbers the alert shows."""
        candidates = (*self.inputs[:1], self.performance, self.predictions, *self.gradual[:1])
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
        """By size of importance, and by what came of it."""
        if self.performance is not None:
            return Severity.CRITICAL
        if not self.inputs:
            return Severity.WARNING if self.predictions is not None else Severity.INFO
        weights = [result.importance for result in self.inputs]
        known = [weight for weight in weights if weight is not None]
        little = len(known) == len(weights) and sum(known) < _LITTLE
        if self.predictions is not None:
            return Severity.WARNING if little else Severity.CRITICAL
        return Severity.INFO if little else Severity.WARNING

    @property
    def broken(self) -> bool:
        return any(is_break(result) for result in self.inputs)

    @property
    def message(self) -> str:
        parts = [*self._inputs_told(), *self._gradual_told()]
        parts += [result.message for result in (self.predictions, self.performance) if result is not None]
        return " ".join(part for part in parts if part)

    def _inputs_told(self) -> list[str]:
        told = [f"{result.message}{_importance(result)}" for result in _one_a_feature(self.inputs)[:_NAMED]]
        more = len(_one_a_feature(self.inputs)) - len(told)
        return [*told, f"{counted(more, 'more feature')} changed."] if more > 0 else told

    def _gradual_told(self) -> list[str]:
        if not self.gradual or self.inputs:
            return []
        names = ", ".join(safe(result.feature or "", 60) for result in self.gradual[:_NAMED])
        more = len(self.gradual) - _NAMED
        tail = f" and {more} more" if more > 0 else ""
        return [f"{names}{tail} moved step by step out of the range that training saw, as a season does."]

    @property
    def cause(self) -> str:
        """Why it probably happened, in words; empty when nothing is known."""
        guess = next((result for result in self.inputs if result.evidence.get("unit_change")), None)
        if guess is not None:
            return f"{safe(guess.feature or '', 60)}: it looks as if {guess.evidence['unit_change']}."
        names = ", ".join(safe(one.feature or "", 60) for one in _one_a_feature(self.inputs)[:_NAMED])
        if self.broken:
            return f"The newest data broke with what came before in {names}."
        if self.inputs:
            return f"{names} changed and stayed so."
        if self.performance is not None:
            return "The inputs are as usual: what is to be predicted has changed, or the truth is recorded otherwise."
        if self.predictions is not None:
            return "The predictions moved without a feature moving alone: look at combinations, or at the version."
        return "Training has not seen data of this time yet."

    @property
    def actions(self) -> tuple[str, ...]:
        """What to do, the best first. To learn from broken data would teach the break."""
        if self.broken:
            return ("ack", "snooze")
        return ("retrain", "ack", "snooze") if self.check != PREDICTION_DRIFT else ("ack", "retrain", "snooze")

    def evidence(self, kept: Sequence[Symptom]) -> dict[str, object]:
        """What the screen shows, and the checks that must be in order before the alert resolves."""
        results = [*self.inputs, *self.gradual]
        results += [result for result in (self.predictions, self.performance) if result is not None]
        own = [(OUTGROWN, "", symptom_of(one)[2]) if one in self.gradual else symptom_of(one) for one in results]
        return {
            "symptoms": [list(symptom) for symptom in dict.fromkeys([*own, *kept])],
            "break": self.broken,
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
            "performance": self.performance.value if self.performance is not None else None,
            "prediction_drift": self.predictions.value if self.predictions is not None else None,
        }


def _weight(result: CheckResult) -> tuple[float, str]:
    """Importance times effect: how many times the limit it is, and how much that can matter."""
    effect = (result.value or 0.0) / max(result.limit or 0.0, 1e-9)
    return effect * (1.0 if result.importance is None else result.importance + 1e-6), result.feature or ""


def _one_a_feature(results: Sequence[CheckResult]) -> list[CheckResult]:
    """The heaviest result of each feature, in order."""
    return list({result.feature: result for result in reversed(results)}.values())[::-1]


def _importance(result: CheckResult) -> str:
    if result.importance is None:
        return ""
    share = 100 * result.importance
    return f" It carries {share:.0f} % of the importance." if share >= 1 else " It hardly matters to the model."
