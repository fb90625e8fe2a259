"""Tests for monitoring."""

from __future__ import annotations

from shopfloor.domain.run import NonFinite
from shopfloor.domain.text import counted, first_of, safe
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
from shopfloor.monitoring.records import (
    FEATURE_DRIFT,
    LATENCY,
    MISSING_SHARE,
    PERFORMANCE,
    STALENESS,
    TRAINING_SERVING_SKEW,
)

_INPUTS = (FEATURE_DRIFT, MISSING_SHARE)
_NAMED = 4


def dependencies(evidence: ScoreEvidence) -> ScoreFinding:
    """O1."""
    known = [run.environment for run in evidence.runs if run.environment]
    if not known:
        return cannot_tell("no training with its environment is stored.")
    if len(known) < 2:
        return ScoreFinding(BY_HAND, "The environment of one training is stored; there is none to compare it with.")
    changed = sorted(name for name in {*known[0], *known[1]} if known[0].get(name) != known[1].get(name))
    words = "is the same" if not changed else f"differs in {first_of(changed, _NAMED)}"
    return ScoreFinding(
        BY_HAND, f"The environment of each training is stored; that of the last two {words}. Nobody is notified."
    )


def invariants(evidence: ScoreEvidence) -> ScoreFinding:
    """O2."""
    data, served = evidence.told(*_INPUTS, source="data"), evidence.told(*_INPUTS, source="inference")
    if not data and not served:
        return cannot_tell("no check of the inputs has had enough rows.")
    if data and served:
        return ScoreFinding(AUTOMATIC, "Inputs are checked in every delivery and in what was served.")
    where = "deliveries" if data else "what was served"
    return ScoreFinding(BY_HAND, f"Inputs are checked in {where} only.")


def skew(evidence: ScoreEvidence) -> ScoreFinding:
    """O3."""
    found = evidence.told(TRAINING_SERVING_SKEW)
    return (
        ScoreFinding(AUTOMATIC, safe(found[0].message, 300))
        if found
        else cannot_tell("no logged row was scored again.")
    )


def stale(evidence: ScoreEvidence) -> ScoreFinding:
    """O4."""
    if found := evidence.told(STALENESS):
        return ScoreFinding(AUTOMATIC, safe(found[0].message, 300))
    if not evidence.learned:
        return cannot_tell("it was never trained.")
    behind = evidence.newest - evidence.learned
    said = f"It has learned from @{evidence.learned} of @{evidence.newest}"
    if behind:
        return ScoreFinding(NONE, f"{said}: {counted(behind, 'version')} behind, and no check of its age.")
    return ScoreFinding(BY_HAND, f"{said}, the newest; no check measures its age.")


def stable(evidence: ScoreEvidence) -> ScoreFinding:
    """O5."""
    answers = next(evidence.gate("answers", "scores"), None)
    if answers is not None:
        return ScoreFinding(
            AUTOMATIC if answers.passed else NONE,
            f"Each release counts answers that are no numbers: {clause(answers.detail)}.",
        )
    figures = [value for run in evidence.runs for value in run.metrics.values() if value is not None]
    if not figures:
        return cannot_tell("no figure of a training is stored.")
    if any(isinstance(value, NonFinite) for value in figures):
        return ScoreFinding(NONE, "A stored metric is infinite or no number.")
    return ScoreFinding(
        BY_HAND, f"All {counted(len(figures), 'stored metric')} are finite; single answers are not watched."
    )


def speed(evidence: ScoreEvidence) -> ScoreFinding:
    """O6."""
    if found := evidence.told(LATENCY):
        return ScoreFinding(AUTOMATIC, safe(found[0].message, 300))
    if (check := next(evidence.gate("latency"), None)) is not None:
        return ScoreFinding(BY_HAND, f"Measured at each release, not while serving: {clause(check.detail)}.")
    return cannot_tell("no time of a row is stored.")


def quality(evidence: ScoreEvidence) -> ScoreFinding:
    """O7."""
    found = evidence.told(PERFORMANCE)
    return (
        ScoreFinding(AUTOMATIC, safe(found[0].message, 300))
        if found
        else cannot_tell("too few labels have come since the training.")
    )


TESTS = (
    StoredTest("O1", "Dependency changes result in notification", dependencies),
    StoredTest("O2", "Data invariants hold for inputs", invariants),
    StoredTest("O3", "Training and serving are not skewed", skew),
    StoredTest("O4", "Models are not too stale", stale),
    StoredTest("O5", "Models are numerically stable", stable),
    StoredTest("O6", "Computing performance has not regressed", speed),
    StoredTest("O7", "Prediction quality has not regressed", quality),
)
