"""`shopfloor scan`: look at all drop folders now."""

from __future__ import annotations

import click

from shopfloor.cli.output import status, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@json_option
@session
def command(session: Session, as_json: bool) -> None:
    """Look at all drop folders now, as the engine does every few seconds."""
    from shopfloor.domain.requests.workspace import Rescan

    report = session.ask(Rescan(), timeout=120.0)
    if as_json:
        stream.document(report)
    else:
        stream.data(status.unfinished(report) + ".")
