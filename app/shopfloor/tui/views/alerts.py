"""Alerts on screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shopfloor.actions.panes import Scope
from shopfloor.actions.registry import for_scope
from shopfloor.domain import numbers
from shopfloor.domain.monitor import AlertLook, AlertRecord, AlertState, CheckResult, CheckVerdict, Severity
from shopfloor.domain.text import times
from shopfloor.tui.views import words
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Chart, Histogram, Section
from shopfloor.tui.widgets.histogram_plot import Bin
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.line_plot import Series
from shopfloor.tui.widgets.rows import Cell, Row

COLUMNS = (
    TableColumn("severity", "SEV", width=4),
    TableColumn("state", "STATE", width=8),
    TableColumn("age", "AGE", width=4, align="right", priority=80),
    TableColumn("subject", "MODEL", ratio=1, min=12, max=18, priority=85),
    TableColumn("check", "CHECK", width=16, priority=40),
    TableColumn("value", "VALUE", width=7, align="right", priority=50),
    TableColumn("limit", "LIMIT", width=6, align="right", priority=45),
    TableColumn("count", "SEEN", width=4, align="right", priority=60),
    TableColumn("message", "MESSAGE", ratio=5, min=20),
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
    """The detail: what, the figures, why, what to do with which key, and the evidence as pictures."""
    found = [
        Section("message", f"Alert {alert.id}", alert.message),
        Section("facts", "Figures", _figures(alert)),
    ]
    if alert.cause:
        found.append(Section("cause", "Likely cause", alert.cause))
    todo = _todo(alert)
    if todo:
        found.append(Section("do", "Actions", todo))
    if alert.looks:
        found.append(Section("looks", "Seen again", [_look(look) for look in reversed(alert.looks)]))
    return [*found, *_evidence(alert, history)]


def _look(look: AlertLook) -> Pair:
    return Pair(_since(look.at), look.message, "", _SEVERITY[look.severity][1])


def _figures(alert: AlertRecord) -> list[Pair]:
    severity, state = _SEVERITY[alert.severity], _STATE[alert.state]
    pairs = [
        Pair("state", f"{state[0]}, severity {severity[0]}", severity[1] if state[0] == "open" else state[1]),
        Pair("model", alert.subject),
        Pair("check", alert.check.replace("_", " ") + (f" of {alert.feature}" if alert.feature else "")),
        Pair("value", f"{words.number(alert.value)} against a limit of {words.number(alert.limit)}"),
        Pair("seen", f"{times(alert.count)}, first {_since(alert.opened_at)}, last {_since(alert.updated_at)}"),
    ]
    if alert.snoozed_until is not None:
        pairs.append(Pair("snoozed until", f"{words.stamp(alert.snoozed_until)} UTC"))
    if alert.note:
        pairs.append(Pair("note", alert.note))
    return pairs


def _since(at: datetime) -> str:
    age = words.ago(at)
    return age if age == "now" else f"{age} ago"


def _todo(alert: AlertRecord) -> list[Pair]:
    """The keys for what the engine advises, and for saying that it is over; the footer has the others."""
    advised = {"resolve", *(_VERBS.get(one, one) for one in alert.actions)}
    return [
        Pair(each.key, f"{each.label}: {each.help.partition(';')[0].rstrip('.')}.", "", "key")
        for each in for_scope(Scope.ALERTS)
        if each.name.rpartition(".")[2] in advised and AlertRecord in each.records and each.unavailable(alert) is None
    ]


# The engine advises in words of its own for what the registry calls by the verb of the command line.
_VERBS = {"retrain": "train", "acknowledge": "ack"}


def _evidence(alert: AlertRecord, history: Sequence[CheckResult]) -> list[Section]:
    found = []
    results = _results(alert, history)
    values = [result.value for result in results]
    if sum(value is not None for value in values) > 1:
        chart = Chart(
            [Series("value", values)],
            limit=alert.limit,
            x_labels=(_since(results[0].at), _since(results[-1].at)),
            rows=6,
        )
        found.append(Section("trend", "Value by delivery", chart, note=_samples(results)))
    for check in _shifted(alert, history)[:2]:
        name, bins = _bins(check.evidence)
        title = f"{check.feature or 'prediction'}: {name}, and {_since(check.at)}"
        found.append(Section(f"bins-{check.feature}", title, Histogram(bins, (_SIDES[name], "found"))))
    return found


def _results(alert: AlertRecord, history: Sequence[CheckResult]) -> list[CheckResult]:
    """The results of the alert's check, oldest first: one for each delivery, of the kind that was shifted.

    Data and predictions have histories of their own, and a delivery may be checked again with more
    rows; drawn as one line they would be a zigzag that nothing in the world did.
    """
    own = [check for check in history if (check.check, check.feature) == (alert.check, alert.feature)]
    source = next((_source(check) for check in own if check.verdict is CheckVerdict.SHIFTED), "")
    newest: dict[object, CheckResult] = {}
    for check in own:
        if not source or _source(check) == source:
            newest.setdefault(check.evidence.get("data", check.at), check)
    return sorted(newest.values(), key=lambda check: check.at)


def _source(check: CheckResult) -> str:
    return str(check.evidence.get("source", ""))


def _samples(results: Sequence[CheckResult]) -> str:
    rows = sorted({result.rows for result in results if result.value is not None})
    if not rows or not rows[-1]:
        return ""
    return (
        f"n={numbers.count(rows[0])}" if len(rows) == 1 else f"n={numbers.count(rows[0])} to {numbers.count(rows[-1])}"
    )


def _shifted(alert: AlertRecord, history: Sequence[CheckResult]) -> list[CheckResult]:
    """What was shifted in the look that opened the alert, a result for each feature: its own first, then the most
    important. What shifted at another time has no part in it.
    """
    before = [check for check in history if check.at <= alert.opened_at]
    look = max((check.at for check in before), default=None)
    newest: dict[str | None, CheckResult] = {}
    for check in before:
        if check.at == look and check.verdict is CheckVerdict.SHIFTED and _bins(check.evidence)[1]:
            newest.setdefault(check.feature, check)
    return sorted(newest.values(), key=lambda check: (check.feature != alert.feature, -(check.importance or 0.0)))


_SIDES = {"recent data": "recent", "training data": "reference"}


def _bins(evidence: Mapping[str, Any]) -> tuple[str, list[Bin]]:
    """Reference and current distribution of the result, without empty bins at the ends.

    The check measures from the closest of what was usual before (`recent`); the words of the alert do too,
    so the picture must, or it contradicts them.
    """
    labels, now = evidence.get("labels"), evidence.get("current")
    recent = evidence.get("recent")
    name = "recent data" if isinstance(recent, list) and any(recent) else "training data"
    before = recent if name == "recent data" else evidence.get("reference")
    if not (isinstance(labels, list) and isinstance(before, list) and isinstance(now, list)):
        return name, []
    bins = [Bin(str(label), float(a), float(b)) for label, a, b in zip(labels, before, now, strict=False)]
    used = [place for place, one in enumerate(bins) if one.reference or one.current]
    return name, bins[used[0] : used[-1] + 1] if used else []
