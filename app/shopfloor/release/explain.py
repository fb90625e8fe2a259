"""A decision in words: why, why not, and what would change it. Plain text, no markup."""

from __future__ import annotations

from shopfloor.domain import numbers
from shopfloor.domain.release import Decision, GateCheck, Outcome
from shopfloor.domain.text import counted, safe

_OUTCOMES = {
    Outcome.PROMOTE: "Promoted",
    Outcome.AWAIT_APPROVAL: "Awaits approval",
    Outcome.HOLD: "Held",
    Outcome.REJECT: "Rejected",
}

_REMEDIES = {
    "rows": "Deliver more rows, or lower release.min_rows.",
    "classes": "Deliver rows of the rarer class.",
    "answers": "Find the inputs for which the model returns no number.",
    "scores": "Choose a metric that fits the target (training.metric).",
    "champion": "Check that the champion's artifact loads and its features are still delivered.",
    "dummy": "Add features that carry information, or check the target.",
    "better": "More holdout rows narrow the interval; a better challenger then passes.",
    "gain": "Lower release.min_gain if such a small gain is worth a release.",
    "refresh": "More holdout rows narrow the interval; release.margin says what a refresh may cost.",
    "slices": "Look at the named slices: too few training rows, or a misleading feature there.",
    "calibration": "Calibrate the challenger's probabilities.",
    "latency": "Choose a smaller model.",
    "size": "Choose a smaller model.",
    "policy": "A person decides: approve or promote it.",
}


def why(decision: Decision) -> list[str]:
    """Lines for a screen: outcome and reason, scores, every check, and what would change it.

    Check lines start with `✓` (yes), `✗` (no) or `?` (inconclusive); advice that never decides
    is marked so.
    """
    lines = [f"{_OUTCOMES[decision.outcome]}: {safe(decision.reason)}."]
    if decision.decided_by != "gate":
        lines.append(f"Decided by {safe(decision.decided_by, 60)}.")
    lines += _scores(decision)
    lines += [_line(check) for check in decision.checks]
    lines += why_not(decision)
    return lines


def why_not(decision: Decision) -> list[str]:
    """What stands in the way and what would remove it; empty after a promotion."""
    if decision.outcome is Outcome.PROMOTE:
        return []
    open_checks = [check for check in decision.checks if check.blocking and check.passed is not True]
    return [f"→ {safe(check.code)}: {_REMEDIES[check.code]}" for check in open_checks if check.code in _REMEDIES]


def _scores(decision: Decision) -> list[str]:
    if decision.challenger_score is None:
        return []
    line = f"{safe(decision.metric, 60)} {numbers.figure(decision.challenger_score)}"
    if decision.champion is not None:
        line += f", champion v{decision.champion} {numbers.figure(decision.champion_score)}"
    if decision.gain is not None and decision.interval is not None:
        against = "" if decision.champion is not None else " over a constant prediction"
        line += f", gain{against} {numbers.gain(decision.gain)} {numbers.interval(decision.interval)}"
    return [f"{line}, {counted(decision.rows, 'row')}"]


def _line(check: GateCheck) -> str:
    mark = "?" if check.passed is None else "✓" if check.passed else "✗"
    advice = "" if check.blocking else " (advice)"
    return f"{mark} {safe(check.code, 40)}{advice}: {safe(check.detail)}"
