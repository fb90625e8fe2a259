"""Alerts on screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult, CheckVerdict, Severity
from shopfloor.tui.views import words
from shopfloor.tui.widgets.columns import Column
from shopfloor.tui.widgets.detail_pane import Chart, Histogram, Section
from shopfloor.tui.widgets.histogram_plot import Bin
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.line_plot import Series
from shopfloor.tui.widgets.rows import Cell, Row

COLUMNS = (
    Column("severity", "SEV", width=4),
    Column("state", "STATE", width=8),
    Column("age", "AGE", width=4, align="right", priority=80),
    Column("subject", "MODEL", ratio=1, min=12, max=18, priority=75),
    Column("check", "CHECK", width=16, priority=40),
    Column("value", "VALUE", width=7, align="right", priority=50),
    Column("limit", "LIMIT", width=6, align="right", priority=45),
    Column("count", "SEEN", width=4, align="right", priority=60),
    Column("message", "WHAT", ratio=5, min=20),
)
_SEVERITY = {Severity.CRITICAL: ("CRIT", "fail"), Severity.WARNING: ("warn", "warn"), Severity.INFO: ("info", "run")}
_STATE = {
    AlertState.OPEN: ("open", "warn"),
    AlertState.ACKNOWLEDGED: ("ack", "wait"),
    AlertState.SNOOZED: ("snoozed", "muted"),
    AlertState.RESOLVED: ("resolved", "ok"),
}


def row(alert: AlertRecord) -> Row:
    """One line of the list."""
    severity, state = _SEVERITY[alert.severity], _STATE[alert.state]
    if alert.state is AlertState.RESOLVED:
        severity = (severity[0], "muted")
    return Row(
        alert.id,
        (
            Cell(*severity),
            Cell(*state),
            words.ago(alert.opened_at),
            alert.subject,
            alert.check.replace("_", " "),
            words.number(alert.value),
            words.number(alert.limit),
            f"×{alert.count}",
            alert.message,
        ),
    )


def sections(alert: AlertRecord, history: Sequence[CheckResult]) -> list[Section]:
    """The detail: what, why, the evidence as a picture, what to do."""
    state = _STATE[alert.state]
    pairs = [
        Pair("state", state[0], state[1]),
        Pair("severity", _SEVERITY[alert.severity][0], _SEVERITY[alert.severity][1]),
        Pair("model", alert.subject),
        Pair("check", alert.check.replace("_", " ") + (f" of {alert.feature}" if alert.feature else "")),
        Pair("value", f"{words.number(alert.value)}, limit {words.number(alert.limit)}"),
        Pair("seen", f"{alert.count} times, first {words.ago(alert.opened_at)}, last {words.ago(alert.updated_at)}"),
    ]
    if alert.snoozed_until is not None:
        pairs.append(Pair("quiet until", f"{words.stamp(alert.snoozed_until)} UTC"))
    if alert.note:
        pairs.append(Pair("note", alert.note))
    found = [Section("message", f"Alert {alert.id}", alert.message)]
    if alert.cause:
        found.append(Section("cause", "Likely cause", alert.cause))
    if alert.actions:
        found.append(Section("do", "What you can do", "\n".join(alert.actions)))
    return [*found, *_evidence(alert, history), Section("facts", "Facts", pairs)]


def _evidence(alert: AlertRecord, history: Sequence[CheckResult]) -> list[Section]:
    found = []
    for check in _shifted(alert, history)[:2]:
        bins = _bins(check.evidence)
        if bins:
            title = f"{check.feature or 'prediction'}: what it learnt from, and now"
            found.append(Section(f"bins-{check.feature}", title, Histogram(bins, ("reference", "current"))))
    values = [
        check.value for check in reversed(history) if check.check == alert.check and check.feature == alert.feature
    ]
    if len([value for value in values if value is not None]) > 1:
        found.append(
            Section("trend", "Value over the deliveries", Chart([Series("value", values)], limit=alert.limit, rows=6))
        )
    return found


def _shifted(alert: AlertRecord, history: Sequence[CheckResult]) -> list[CheckResult]:
    """The newest look at each feature that found it shifted: the alert's own first, then the most important."""
    newest: dict[str | None, CheckResult] = {}
    for check in history:
        if check.verdict is CheckVerdict.SHIFTED and _bins(check.evidence):
            newest.setdefault(check.feature, check)
    return sorted(newest.values(), key=lambda check: (check.feature != alert.feature, -(check.importance or 0.0)))


def _bins(evidence: Mapping[str, Any]) -> list[Bin]:
    labels, reference, current = (evidence.get(name) for name in ("labels", "reference", "current"))
    if not (isinstance(labels, list) and isinstance(reference, list) and isinstance(current, list)):
        return []
    return [
        Bin(str(label), float(before), float(now))
        for label, before, now in zip(labels, reference, current, strict=False)
    ]
