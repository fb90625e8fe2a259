"""The gate's decision in words, one text for every face."""

from __future__ import annotations

from shopfloor.domain.numbers import count, figure, gain
from shopfloor.domain.release import Decision, GateCheck, ModelVersion, Outcome
from shopfloor.domain.text import safe

OUTCOMES = {
    Outcome.PROMOTE: "promoted",
    Outcome.AWAIT_APPROVAL: "left to approval",
    Outcome.HOLD: "held",
    Outcome.REJECT: "rejected",
}
"""What the gate decided then: an approval that has been given since does not change it."""


def decided(version: ModelVersion) -> str:
    """What was decided about a version, and what people did then."""
    if version.decision is None:
        return "not evaluated"
    outcome = version.decision.outcome
    if version.approvals:
        return f"{OUTCOMES[outcome]}, approved by {len(version.approvals)}"
    overruled = "champion" in version.aliases and outcome is not Outcome.PROMOTE
    return f"{OUTCOMES[outcome]}, promoted since" if overruled else OUTCOMES[outcome]


def verdict(check: GateCheck) -> str:
    """`ok`, `FAIL`, or `inconclusive`; a check that does not decide says so."""
    word = "inconclusive" if check.passed is None else "ok" if check.passed else "FAIL"
    return word if check.blocking else f"{word} (advice)"


def scores(decision: Decision) -> str:
    """Both scores, the gain with its interval, and the rows: what the decision rests on."""
    metric = safe(decision.metric) if decision.metric else "score"
    words = f"{metric} {figure(decision.challenger_score)}"
    if decision.champion is not None:
        words += f" against {figure(decision.champion_score)} of champion v{decision.champion}"
    if decision.gain is not None:
        words += f", gain {gain(decision.gain)}"
    if decision.interval is not None:
        low, high = decision.interval
        words += f" (between {gain(low)} and {gain(high)})"
    return f"{words}, on {count(decision.rows)} holdout rows" if decision.rows else words
