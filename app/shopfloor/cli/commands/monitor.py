"""`shopfloor monitor`: check a model now, or replay its past."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts
from shopfloor.cli.reading import list_verb
from shopfloor.domain.requests.alerts import CheckList, FleetList


@click.group(cls=Noun)
def command() -> None:
    """Monitoring of one model, or of all."""


command.add_command(
    list_verb(
        CheckList,
        alerts.CHECKS,
        "Show the newest result of every check of a model.",
        click.argument("model"),
        click.option("--history", is_flag=True, help="All results, newest first, instead of the latest ones."),
        empty=lambda given: f"No checks have run yet. Run them: shopfloor monitor run {given['model']}",
        name="checks",
    )
)
command.add_command(
    list_verb(
        FleetList,
        alerts.FLEET,
        "List all models by how clearly they have shifted at their last look.",
        empty="No model was looked at yet. Look at one: shopfloor monitor run MODEL",
        name="fleet",
    )
)
