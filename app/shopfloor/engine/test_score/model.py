"""Tests for model development."""

from __future__ import annotations

from shopfloor.domain.numbers import figure
from shopfloor.domain.text import counted, safe
from shopfloor.engine.test_score.finding import (
    AUTOMATIC,
    BY_HAND,
    NONE,
    ScoreEvidence,
    ScoreFinding,
    StoredTest,
    cannot_tell,
    clause,
)
from shopfloor.monitoring.records import FAIRNESS, PERFORMANCE, SLICES, STALENESS

_CONSTANT = "dummy"
_SIMPLE = "linear"
_AGES = 2


def tuned(evidence: ScoreEvidence) -> ScoreFinding:
    """M3."""
    names = [safe(one.name, 60) for one in evidence.run.candidates if one.name != _CONSTANT] if evidence.run else []
    if not names:
        return cannot_tell("no training with candidates is stored for the version.")
    compared = f"{', '.join(names)} compared on the same rows"
    if len(names) > 1:
        return ScoreFinding(AUTOMATIC, f"Each training searches: {compared}.")
    return ScoreFinding(BY_HAND, f"One candidate only: {names[0]}.")


def staleness_effect(evidence: ScoreEvidence) -> ScoreFinding:
    """M4."""
    if found := evidence.told(STALENESS):
        return ScoreFinding(AUTOMATIC, safe(found[0].message, 300))
    ages: dict[int, int] = {}
    for check in evidence.told(PERFORMANCE):
        if check.model_version is not None:
            ages[check.model_version] = ages.get(check.model_version, 0) + 1
    number, most = max(ages.items(), key=lambda item: item[1], default=(0, 0))
    if most < _AGES:
        return cannot_tell("no version has been measured on two labelled deliveries.")
    return ScoreFinding(
        BY_HAND,
        f"v{number} was measured on {counted(most, 'delivery', 'deliveries')} as it aged; none was replayed.",
    )


def simpler(evidence: ScoreEvidence) -> ScoreFinding:
    """M5."""
    found = next(evidence.gate(_CONSTANT), None)
    if found is None:
        return cannot_tell("no release has compared the version with a constant answer.")
    if not found.passed:
        return ScoreFinding(NONE, f"A constant answer is as good: {clause(found.detail)}.")
    if evidence.run is not None and any(one.name == _SIMPLE for one in evidence.run.candidates):
        return ScoreFinding(
            AUTOMATIC, f"A constant and a linear model are beaten or chosen at each training. {clause(found.detail)}."
        )
    return ScoreFinding(BY_HAND, f"Only a constant answer is compared: {clause(found.detail)}.")


def slices(evidence: ScoreEvidence) -> ScoreFinding:
    """M6."""
    if (found := next(evidence.gate("slices"), None)) is not None:
        return ScoreFinding(AUTOMATIC, f"Each release compares slices: {clause(found.detail)}.")
    if told := evidence.told(SLICES, FAIRNESS):
        return ScoreFinding(AUTOMATIC, safe(told[0].message, 300))
    if evidence.run is not None and evidence.run.segments:
        return ScoreFinding(
            BY_HAND, f"{counted(len(evidence.run.segments), 'segment')} have scores of their own; no slice is compared."
        )
    return cannot_tell("no slice had enough rows to be compared.")


def inclusion(evidence: ScoreEvidence) -> ScoreFinding:
    """M7."""
    if told := evidence.told(FAIRNESS):
        return ScoreFinding(AUTOMATIC, safe(told[0].message, 300))
    if told := evidence.told(SLICES):
        return ScoreFinding(BY_HAND, f"Slices are measured: {safe(told[0].message, 300)}")
    if (found := next(evidence.gate("slices"), None)) is not None:
        return ScoreFinding(
            BY_HAND,
            f"Slices are compared at release (least gain {figure(found.value)}); groups of people are not named.",
        )
    return cannot_tell("no check compares groups.")


TESTS = (
    StoredTest("M3", "All hyperparameters have been tuned", tuned),
    StoredTest("M4", "The impact of model staleness is known", staleness_effect),
    StoredTest("M5", "A simpler model is not better", simpler),
    StoredTest("M6", "Model quality is sufficient on all important data slices", slices),
    StoredTest("M7", "The model has been tested for considerations of inclusion", inclusion),
)
