"""`shopfloor monitor`: check a model now, or replay its past."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import alerts, answers
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session, window_options
from shopfloor.domain.requests.alerts import CheckList


@click.group(cls=Noun)
def command() -> None:
    """Monitoring of one model."""


@command.command("checks")
@click.argument("model")
@click.option("--history", is_flag=True, help="All results, newest first, instead of the latest ones.")
@window_options(1000)
@json_option
@session
def list_checks(session: Session, model: str, history: bool, limit: int, offset: int, as_json: bool) -> None:
    """Show the newest result of every check of a model."""
    page = session.ask(CheckList(model=model, history=history, limit=limit, offset=offset))
    empty = f"No checks have run yet. Run them: shopfloor monitor run {model}"
    answers.listing(page, alerts.CHECKS, empty=empty, as_json=as_json)
