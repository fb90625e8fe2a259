"""`shopfloor alert`: what needs a person."""

from __future__ import annotations

import click

from shopfloor.actions.moments import parse_until
from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts, answers, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import F, json_option, one_of, session, window_options
from shopfloor.domain.codec import to_plain
from shopfloor.domain.errors import UsageError
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.requests.alerts import (
    AlertHistory,
    AlertList,
    AlertShow,
    AlertSnooze,
)


def _note(function: F) -> F:
    return click.option("--note", default="", metavar="TEXT", help="For whoever reads the alert later.")(function)


@click.group(cls=Noun)
def command() -> None:
    """Alerts: few and true, each with its cause and evidence."""


@command.command("list")
@click.option("--model", "-m", "subject", default="", metavar="NAME", help="Only this model.")
@click.option("--state", type=one_of(AlertState), help="Only alerts in this state.")
@click.option("--query", default="", metavar="TEXT", help="Only alerts that contain this.")
@window_options(1000)
@json_option
@session
def list_alerts(
    session: Session,
    subject: str,
    state: str | None,
    query: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List alerts, open ones first, then newest."""
    page = session.ask(AlertList(subject=subject, state=state or "", query=query, limit=limit, offset=offset))
    narrowed = subject or state or query
    empty = "No alert matches. All of them: shopfloor alert list" if narrowed else alerts.EMPTY
    answers.listing(page, alerts.COLUMNS, empty=empty, as_json=as_json)


@command.command("show")
@click.argument("alert_id", metavar="ID")
@json_option
@session
def show_alert(session: Session, alert_id: str, as_json: bool) -> None:
    """Show one alert with its cause, what can be done, and who changed it since it was opened."""
    alert = session.ask(AlertShow(id=alert_id))
    history = session.ask(AlertHistory(id=alert_id)).rows
    if as_json:
        stream.document({**to_plain(alert), "history": history})
    else:
        stream.data(alerts.describe_with_history(alert, history, stream.terminal_width()))


@command.command("snooze")
@click.argument("alert_id", metavar="ID")
@click.option("--until", metavar="TIME", help="A time, or a span from now: 4h, 1d, 2w.")
@click.option("--for", "span", metavar="SPAN", help="The same as --until with a span.")
@_note
@json_option
@session
def snooze(
    session: Session,
    alert_id: str,
    until: str | None,
    span: str | None,
    note: str,
    as_json: bool,
) -> None:
    """Be quiet about an alert until a time."""
    end = until or span
    if not end or (until and span):
        raise UsageError("The end of the snooze is missing.", hint="Add --until 4h (or 1d, or a time).")
    before = session.ask(AlertShow(id=alert_id))
    answer = session.ask(AlertSnooze(id=alert_id, until=parse_until(end), note=note))
    answers.repeated(before, answer, f"alert {answer.id} is already snoozed until then")
    answers.show(answer, alerts.describe, as_json=as_json)
