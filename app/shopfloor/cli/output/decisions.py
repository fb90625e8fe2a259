"""The gate's decision in words: what, why, and the checks behind it."""

from __future__ import annotations

from shopfloor.cli.output.cells import count, figure, gain, moment, text, words
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, sentence, table
from shopfloor.domain.release import Decision, GateCheck, ModelVersion, Outcome
from shopfloor.domain.text import counted

# What the gate decided then: an approval that has been given since does not change it.
WORDS = {
    Outcome.PROMOTE: "promoted",
    Outcome.AWAIT_APPROVAL: "needs approval",
    Outcome.HOLD: "held",
    Outcome.REJECT: "rejected",
}

CHECKS: tuple[TextColumn[GateCheck], ...] = (
    TextColumn("CHECK", lambda check: text(check.code), room=20),
    TextColumn("VERDICT", lambda check: verdict(check)),
    TextColumn("VALUE", lambda check: figure(check.value), right=True),
    TextColumn("LIMIT", lambda check: figure(check.limit), right=True),
    TextColumn("DETAIL", lambda check: words(check.detail), room=30),
)


def verdict(check: GateCheck) -> str:
    """`ok`, `FAIL`, or `inconclusive`; a check that does not decide says so."""
    word = "inconclusive" if check.passed is None else "ok" if check.passed else "FAIL"
    return word if check.blocking else f"{word} (advice)"


def outcome(version: ModelVersion) -> str:
    """One or two words for a list."""
    return WORDS[version.decision.outcome] if version.decision else "not evaluated"


def why(version: ModelVersion) -> str:
    """The reason in one sentence."""
    reason = text(version.decision.reason) if version.decision else "The gate has not evaluated it."
    mark = version.withdrawn
    return reason if mark is None else f"Learned from {counted(mark.rows, 'withdrawn row')}. {reason}"


def explain(version: ModelVersion, width: int | None) -> str:
    """The decision about a version: sentence, scores, and every check."""
    name = f"{text(version.model)} v{version.version}"
    decision = version.decision
    if decision is None:
        return sentence(f"The gate has not evaluated {name}.", width)
    rows = [
        ("decision", f"{name} {WORDS[decision.outcome]}"),
        ("why", text(decision.reason)),
        ("evidence", _evidence(decision)),
        ("decided", f"{moment(decision.decided_at)} by {text(decision.decided_by)}"),
    ]
    if version.approvals:
        rows.append(("approved by", ", ".join(text(name) for name in version.approvals)))
    checks = table(CHECKS, decision.checks, width) if decision.checks else ""
    return paragraphs(facts(rows, width), checks)


def _evidence(decision: Decision) -> str:
    metric = text(decision.metric) if decision.metric else "score"
    words = f"{metric} {figure(decision.challenger_score)}"
    if decision.champion is not None:
        words += f" against {figure(decision.champion_score)} of champion v{decision.champion}"
    if decision.gain is not None:
        words += f", gain {gain(decision.gain)}"
    if decision.interval is not None:
        low, high = decision.interval
        words += f" (between {gain(low)} and {gain(high)})"
    return f"{words}, on {count(decision.rows)} holdout rows" if decision.rows else words
