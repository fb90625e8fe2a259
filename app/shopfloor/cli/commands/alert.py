"""`shopfloor alert`: what needs a person."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts
from shopfloor.cli.reading import list_verb, only, show_verb
from shopfloor.domain.monitor import AlertState
from shopfloor.domain.requests.alerts import AlertList, AlertShow


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
command.add_command(show_verb(AlertShow, alerts.describe, "Show one alert with its cause and what can be done."))
