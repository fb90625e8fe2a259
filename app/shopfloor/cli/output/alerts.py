"""Alerts and checks as text."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.cli.output import jobs
from shopfloor.cli.output.cells import (
    chance,
    count,
    figure,
    joined,
    minute,
    moment,
    probability,
    setting,
    text,
    version,
    words,
    yes,
)
from shopfloor.cli.output.changes import changed
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, present, sentence, table
from shopfloor.domain.alert_commands import commands
from shopfloor.domain.monitor import AlertChange, AlertLook, AlertRecord, CheckResult, CheckVerdict, FleetLook
from shopfloor.domain.numbers import percent
from shopfloor.domain.requests.alerts import (
    AlertAck,
    AlertResolve,
    AlertSnooze,
    BacktestDelivery,
    BacktestReport,
    MonitorBacktest,
    MonitorRun,
)
from shopfloor.domain.text import counted, times

COLUMNS: tuple[TextColumn[AlertRecord], ...] = (
    TextColumn("ID", lambda each: text(each.id)),
    TextColumn("SEVERITY", lambda each: str(each.severity)),
    TextColumn("STATE", lambda each: str(each.state)),
    TextColumn("SUBJECT", lambda each: text(each.subject), room=20),
    TextColumn("CHECK", lambda each: _check(each), room=20),
    TextColumn("VALUE", lambda each: figure(each.value), right=True, drop=2),
    TextColumn("LIMIT", lambda each: figure(each.limit), right=True, drop=3),
    TextColumn("COUNT", lambda each: f"x{each.count}", right=True, drop=4),
    TextColumn("UPDATED", lambda each: minute(each.updated_at), drop=1),
    TextColumn("MESSAGE", lambda each: words(each.message), room=30),
)
EMPTY = "No alerts. What is checked: shopfloor monitor checks MODEL"

CHECKS: tuple[TextColumn[CheckResult], ...] = (
    TextColumn("CHECK", lambda each: text(each.check)),
    TextColumn("FEATURE", lambda each: text(each.feature), room=20),
    TextColumn("SOURCE", lambda each: text(each.source), drop=6),
    TextColumn("VERDICT", lambda each: verdict(each)),
    TextColumn("VALUE", lambda each: figure(each.value), right=True),
    TextColumn("LIMIT", lambda each: figure(each.limit), right=True),
    TextColumn("P", lambda each: probability(each.p_value), right=True, drop=3),
    TextColumn("FALSE ALARMS", lambda each: _false_alarms(each), right=True, drop=5),
    TextColumn("ROWS", lambda each: count(each.rows), right=True, drop=2),
    TextColumn("VERSION", lambda each: version(each.model_version), right=True, drop=4),
    TextColumn("AT", lambda each: minute(each.at), drop=1),
    TextColumn("MESSAGE", lambda each: words(each.message), room=30),
)

FLEET: tuple[TextColumn[FleetLook], ...] = (
    TextColumn("MODEL", lambda each: text(each.model), room=16),
    TextColumn("P", lambda each: chance(each.p_value), right=True),
    TextColumn("LEVEL", lambda each: chance(each.level), right=True, drop=2),
    TextColumn("CLEAR", lambda each: yes(each.found)),
    TextColumn("AT", lambda each: minute(each.at), drop=1),
    TextColumn("SHIFTED", lambda each: joined(each.shifted), room=24),
)

CHANGES: tuple[TextColumn[AlertChange], ...] = (
    TextColumn("AT", lambda each: minute(each.at)),
    TextColumn("EVENT", lambda each: str(each.seq), right=True, drop=2),
    TextColumn("BY", lambda each: text(each.actor), room=12),
    TextColumn("CHANGE", lambda each: words(changed(each.changes)), room=30),
)

LOOKS: tuple[TextColumn[AlertLook], ...] = (
    TextColumn("SEEN AGAIN", lambda each: minute(each.at)),
    TextColumn("SEVERITY", lambda each: str(each.severity), drop=2),
    TextColumn("VALUE", lambda each: figure(each.value), right=True),
    TextColumn("LIMIT", lambda each: figure(each.limit), right=True, drop=3),
    TextColumn("MESSAGE", lambda each: words(each.message), room=40),
)

DELIVERIES: tuple[TextColumn[BacktestDelivery], ...] = (
    TextColumn("DATA", lambda each: version(each.dataset_version)),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("ALERT", lambda each: yes(each.fired)),
    TextColumn("PERFORMANCE", lambda each: _performance(each), drop=1),
    TextColumn("SHIFTED", lambda each: joined(each.shifted), room=30),
)

COMPARED: tuple[TextColumn[tuple[BacktestDelivery, BacktestDelivery]], ...] = (
    TextColumn("DATA", lambda pair: version(pair[0].dataset_version)),
    TextColumn("ROWS", lambda pair: count(pair[0].rows), right=True),
    TextColumn("TODAY", lambda pair: yes(pair[0].fired)),
    TextColumn("OTHER", lambda pair: yes(pair[1].fired)),
    TextColumn("PERFORMANCE", lambda pair: _performance(pair[0]), drop=1),
    TextColumn("SHIFTED TODAY", lambda pair: joined(pair[0].shifted), room=15),
    TextColumn("SHIFTED OTHER", lambda pair: joined(pair[1].shifted), room=15),
)


def verdict(check: CheckResult) -> str:
    """`ok`, `SHIFTED`, `inconclusive`, which is never shown as ok, or `not checked`."""
    words = {
        CheckVerdict.SHIFTED: "SHIFTED",
        CheckVerdict.UNKNOWN: "inconclusive",
        CheckVerdict.UNCHECKED: "not checked",
    }
    return words.get(check.verdict, "ok")


def _false_alarms(check: CheckResult) -> str:
    share = check.evidence.get("false_alarms")
    return f"≤ {percent(share)}" if isinstance(share, float) else figure(None)


def describe(alert: AlertRecord, width: int | None) -> str:
    """One alert: what, since when, why, and what can be done."""
    known = [
        ("alert", f"{text(alert.id)} ({alert.severity}, {alert.state})"),
        ("subject", text(alert.subject)),
        ("check", _check(alert)),
        ("message", text(alert.message)),
        ("value", f"{figure(alert.value)}, limit {figure(alert.limit)}"),
        ("seen", times(alert.count)),
        ("opened", moment(alert.opened_at)),
        ("updated", moment(alert.updated_at)),
        *([("snoozed until", moment(alert.snoozed_until))] if alert.snoozed_until else []),
        *([("resolved", moment(alert.resolved_at))] if alert.resolved_at else []),
        ("cause", text(alert.cause)),
        *([("note", text(alert.note))] if alert.note else []),
        *(("do", text(command)) for command in commands(alert)),
    ]
    return facts(present(known), width)


def describe_with_history(alert: AlertRecord, history: Sequence[AlertChange], width: int | None) -> str:
    """`describe`, what was found later, and who changed it since it was opened."""
    later = table(LOOKS, alert.looks, width) if alert.looks else ""
    return paragraphs(describe(alert, width), later, table(CHANGES, history, width) if history else "")


def describe_backtest(report: BacktestReport, width: int | None) -> str:
    """How often the rule would have fired, and what performance did; with another rule side by side."""
    title = (
        f"{text(report.model)} v{report.model_version}: {counted(report.alerts, 'alert')} over"
        f" {counted(len(report.deliveries), 'past delivery', 'past deliveries')}"
    )
    other = report.other
    if other is None:
        return paragraphs(
            sentence(title, width),
            sentence(f"{'; '.join(_outcomes(report))}.", width),
            table(DELIVERIES, report.deliveries, width) if report.deliveries else "",
        )
    pairs = tuple(zip(report.deliveries, other.deliveries, strict=True))
    return paragraphs(
        sentence(f"{title} by today's rule, {count(other.alerts)} by the other", width),
        facts(
            [("today", "; ".join(_outcomes(report))), ("other", "; ".join(_outcomes(other))), *_changed(report)], width
        ),
        table(COMPARED, pairs, width) if pairs else "",
    )


def _outcomes(report: BacktestReport) -> list[str]:
    """What came of the deliveries where it fired; nothing where no performance is known."""
    fired = f"It fired in {counted(report.fired, 'delivery', 'deliveries')}"
    if not any(each.fell is not None for each in report.deliveries):
        return [fired, "no delivery's performance is known"]
    fell = f"performance fell in or right after {count(report.fell)} of the {count(report.measured)} measured"
    missed = f"{counted(report.missed, 'fall')} came without an alert"
    return [fired, *([fell] if report.measured else []), missed]


def _changed(report: BacktestReport) -> list[tuple[str, str]]:
    """The settings in which the other rule differs."""
    other = report.other.rule if report.other is not None else {}
    return [
        (text(key), f"{setting(value)} → {setting(other[key])}")
        for key, value in report.rule.items()
        if key in other and other[key] != value
    ]


def _performance(each: BacktestDelivery) -> str:
    return figure(each.performance) if not each.fell else f"{figure(each.performance)} FELL"


def _check(alert: AlertRecord) -> str:
    return f"{text(alert.check)} {text(alert.feature)}" if alert.feature else text(alert.check)


FORMATS = {
    AlertAck: Format(describe, state=lambda request, alert: f"alert {alert.id} is already acknowledged"),
    AlertResolve: Format(describe, state=lambda request, alert: f"alert {alert.id} is already resolved"),
    AlertSnooze: Format(describe, state=lambda request, alert: f"alert {alert.id} is already snoozed until then"),
    MonitorRun: Format(jobs.describe),
    MonitorBacktest: Format(describe_backtest),
}
