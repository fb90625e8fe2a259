"""`shopfloor status`: an overview of the workspace."""

from __future__ import annotations

import click

from shopfloor.cli.output import answers, workspace
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@click.option("--no-start", is_flag=True, help="Do not start the engine; exit with 3 when it is not running.")
@json_option
@session
def command(session: Session, no_start: bool, as_json: bool) -> None:
    """Show an overview of the workspace. An engine that somebody stopped stays so."""
    from shopfloor.domain.requests.workspace import StatusShow

    answers.show(
        session.ask(StatusShow(), start=not (no_start or session.was_stopped())), workspace.describe, as_json=as_json
    )
