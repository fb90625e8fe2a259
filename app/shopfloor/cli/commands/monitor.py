"""`shopfloor monitor`: check a model now, or replay its past."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts, answers
from shopfloor.cli.reading import list_verb
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.requests.alerts import CheckList, FleetList, MonitorBacktest


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


@command.command("backtest")
@click.argument("model", metavar="REF")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another rule beside today's.",
)
@json_option
@session
def replay(session: Session, model: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Replay the rule over all past deliveries: how often would it have fired, and did performance fall?

    With --set another rule is replayed beside it, for example: --set min_effect=0.2 --set persistence=1,2
    """
    report = session.ask(MonitorBacktest(model=model, settings=settings), timeout=600.0)
    answers.show(report, alerts.describe_backtest, as_json=as_json)
