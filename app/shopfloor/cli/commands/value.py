"""`shopfloor value`: what a model has earned."""

from __future__ import annotations

import click

from shopfloor.cli.output import answers, models
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@click.argument("model")
@json_option
@session
def command(session: Session, model: str, as_json: bool) -> None:
    """Show what MODEL has earned on rows whose truth is known, beside the baseline."""
    from shopfloor.domain.requests.models import ValueShow

    answer = session.ask(ValueShow(model=model), timeout=120.0)
    answers.show(answer, models.describe_value, as_json=as_json)
