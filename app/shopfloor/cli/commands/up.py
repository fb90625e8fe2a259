"""`shopfloor up`: start the engine."""

from __future__ import annotations

import click

from shopfloor.cli.output import answers, stream, workspace
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@click.option("--foreground", is_flag=True, help="Run the engine in the foreground.")
@json_option
@session
def command(session: Session, foreground: bool, as_json: bool) -> int | None:
    """Start the engine of the workspace. It goes on when this terminal closes.

    Every command that needs an engine starts one, too; after `shopfloor down` open screens and scripts do not.
    """
    if foreground:
        from shopfloor.client.start import run_foreground

        return run_foreground(session.workspace)
    from shopfloor.client.start import allow_start, engine_running
    from shopfloor.domain.requests.workspace import StatusShow

    running = engine_running(session.workspace)
    allow_start(session.workspace)
    answer = session.ask(StatusShow())
    stream.narrate("The engine is already running." if running else "The engine is running.")
    answers.show(answer, workspace.describe, as_json=as_json)
    return None
