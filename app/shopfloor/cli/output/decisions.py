"""The gate's decision in words: what, why, and the checks behind it."""

from __future__ import annotations

from shopfloor.cli.output.cells import figure, moment, text, words
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, sentence, table
from shopfloor.domain.decision_words import decided, scores, verdict
from shopfloor.domain.release import GateCheck, ModelVersion
from shopfloor.domain.text import counted

CHECKS: tuple[TextColumn[GateCheck], ...] = (
    TextColumn("CHECK", lambda check: text(check.code), room=20),
    TextColumn("VERDICT", lambda check: verdict(check)),
    TextColumn("VALUE", lambda check: figure(check.value), right=True),
    TextColumn("LIMIT", lambda check: figure(check.limit), right=True),
    TextColumn("DETAIL", lambda check: words(check.detail), room=30),
)


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
        ("decision", f"{name} {decided(version)}"),
        ("why", text(decision.reason)),
        ("evidence", scores(decision)),
        ("decided", f"{moment(decision.decided_at)} by {text(decision.decided_by)}"),
    ]
    if version.approvals:
        rows.append(("approved by", ", ".join(text(name) for name in version.approvals)))
    checks = table(CHECKS, decision.checks, width) if decision.checks else ""
    return paragraphs(facts(rows, width), checks)
