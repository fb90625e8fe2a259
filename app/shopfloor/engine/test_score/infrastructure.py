"""Tests for infrastructure."""

from __future__ import annotations

from shopfloor.domain.release import ROLLBACK, Outcome
from shopfloor.domain.text import counted, safe
from shopfloor.engine.test_score.finding import (
    AUTOMATIC,
    BY_HAND,
    NONE,
    ScoreEvidence,
    ScoreFinding,
    StoredTest,
    cannot_tell,
)

_REPEATED = "run.unchanged"
_ROLLOUT = "canary."
_LINE = ("train", "monitor")


def reproducible(evidence: ScoreEvidence) -> ScoreFinding:
    """I1."""
    times = evidence.kinds.get(_REPEATED, 0)
    if times:
        return ScoreFinding(AUTOMATIC, f"{counted(times, 'training')} gave the same artifact again, byte for byte.")
    if evidence.run is None or not evidence.run.environment:
        return cannot_tell("no training with its environment is stored for the version.")
    return ScoreFinding(
        BY_HAND, f"Data version, seed {evidence.run.seed} and environment are stored; it was not trained twice."
    )


def integration(evidence: ScoreEvidence) -> ScoreFinding:
    """I3."""
    missing = [kind for kind in _LINE if not evidence.jobs.get(kind)]
    if missing or not evidence.moves:
        return cannot_tell(f"not every station has run for this model: {', '.join(missing) or 'release'} is missing.")
    return ScoreFinding(
        BY_HAND, "Deliveries have run through all stations, from file to champion; no self-test on a toy set is stored."
    )


def validated(evidence: ScoreEvidence) -> ScoreFinding:
    """I4."""
    version = evidence.version
    if version is None or "champion" not in version.aliases:
        return cannot_tell("there is no champion.")
    decision = version.decision
    if decision is None:
        return ScoreFinding(NONE, f"v{version.version} serves without a decision of the gate.")
    checks = counted(len(decision.checks), "check")
    if decision.outcome in (Outcome.PROMOTE, Outcome.AWAIT_APPROVAL):
        return ScoreFinding(AUTOMATIC, f"v{version.version} passed the gate with {checks} before it served.")
    return ScoreFinding(BY_HAND, f"v{version.version} was measured with {checks}, and a person overruled the gate.")


def one_example(evidence: ScoreEvidence) -> ScoreFinding:
    """I5."""
    if evidence.definition.id is None or not evidence.predictions:
        return cannot_tell("no prediction with an association id is logged.")
    return ScoreFinding(
        BY_HAND,
        f"{counted(evidence.predictions, 'prediction')} can be followed by id from the log to version, run and data.",
    )


def canary(evidence: ScoreEvidence) -> ScoreFinding:
    """I6."""
    if any(kind.startswith(_ROLLOUT) for kind in evidence.kinds):
        return ScoreFinding(
            AUTOMATIC, "A version was served to a share of the requests, or in the shadow, before it took over."
        )
    return ScoreFinding(
        NONE, "Each release is direct: no version served in the shadow or to a share of the requests first."
    )


def rollback(evidence: ScoreEvidence) -> ScoreFinding:
    """I7."""
    back = [move for move in evidence.moves if move.alias == "champion" and move.cause == ROLLBACK]
    if back:
        return ScoreFinding(
            AUTOMATIC, f"It was rolled back to v{back[0].version} by {safe(back[0].actor, 60)}; one command does it."
        )
    before = next((move.previous for move in evidence.moves if move.alias == "champion" and move.previous), None)
    if before is None:
        return cannot_tell("there is no earlier champion to go back to.")
    return ScoreFinding(BY_HAND, f"v{before} is kept to go back to; nobody has tried.")


TESTS = (
    StoredTest("I1", "Training is reproducible", reproducible),
    StoredTest("I3", "The full ML pipeline is integration tested", integration),
    StoredTest("I4", "Model quality is validated before serving", validated),
    StoredTest("I5", "The model allows debugging of a single example", one_example),
    StoredTest("I6", "Models are tested in a canary process before serving", canary),
    StoredTest("I7", "Models can be quickly and safely rolled back", rollback),
)
