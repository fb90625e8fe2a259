"""`shopfloor alert`: what needs a person."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts, stream
from shopfloor.cli.reading import list_verb, only
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.codec import to_plain
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.requests.alerts import AlertHistory, AlertList, AlertShow


@click.group(cls=Noun)
def command() -> None:
    """Alerts: few and true, each with its cause and evidence."""


command.add_command(
    list_verb(
        AlertList,
        alerts.COLUMNS,
        "List alerts, open ones first, then newest.",
        only("--model", "-m", "subject", help="Only this model."),
        only("--state", kind=AlertState, help="Only alerts in this state."),
        only("--query", help="Only alerts that contain this."),
        empty=alerts.EMPTY,
        unmatched="No alert matches. All of them: shopfloor alert list",
    )
)


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
