"""Tests for features and data."""

from __future__ import annotations

from shopfloor.domain.text import counted, listed
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

_NAMED = 5


def schema(evidence: ScoreEvidence) -> ScoreFinding:
    """D1."""
    contract = evidence.contract
    if contract is None or not contract.columns:
        return cannot_tell(f"dataset {evidence.definition.dataset} has no contract with columns yet.")
    rules = f" and has {counted(len(contract.rules), 'rule')}" if contract.rules else ""
    columns = counted(len(contract.columns), "column")
    return ScoreFinding(AUTOMATIC, f"The contract pins {columns}{rules}; every delivery is held to it.")


def beneficial(evidence: ScoreEvidence) -> ScoreFinding:
    """D2."""
    known = {
        check.feature: check.importance
        for check in reversed(evidence.checks)
        if check.feature and check.importance is not None
    }
    if not known:
        return cannot_tell("no check has stored the importance of a column yet.")
    idle = sorted(name for name, importance in known.items() if importance <= 0)
    if not idle:
        return ScoreFinding(AUTOMATIC, f"Each of {counted(len(known), 'column')} carries importance.")
    return ScoreFinding(
        BY_HAND, f"{len(idle)} of {counted(len(known), 'column')} carry no importance: {listed(idle, _NAMED)}."
    )


def costs(evidence: ScoreEvidence) -> ScoreFinding:
    """D3."""
    found = list(evidence.gate("latency", "size"))
    if not found:
        return cannot_tell("no release has measured the time of a row and the size of the artifact.")
    details = "; ".join(clause(check.detail) for check in found)
    return ScoreFinding(BY_HAND, f"Measured for all columns together, at each release: {details}.")


def meta_rules(evidence: ScoreEvidence) -> ScoreFinding:
    """D4."""
    definition = evidence.definition
    if definition.features:
        return ScoreFinding(
            AUTOMATIC, f"Only {counted(len(definition.features), 'listed column')} may be learned from."
        )
    if definition.exclude:
        columns = counted(len(definition.exclude), "column is", "columns are")
        return ScoreFinding(AUTOMATIC, f"{columns} never learned from: {listed(definition.exclude, _NAMED)}.")
    return ScoreFinding(NONE, "Neither `features` nor `exclude` says which columns are allowed.")


TESTS = (
    StoredTest("D1", "Feature expectations are captured in a schema", schema),
    StoredTest("D2", "All features are beneficial", beneficial),
    StoredTest("D3", "No feature's cost is too much", costs),
    StoredTest("D4", "Features adhere to meta-level requirements", meta_rules),
)
