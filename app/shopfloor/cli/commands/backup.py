"""`shopfloor backup`: a verified copy of the metadata."""

from __future__ import annotations

import click

from shopfloor.cli.output import stream
from shopfloor.cli.output.cells import size, text
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@json_option
@session
def command(session: Session, as_json: bool) -> None:
    """Back up the metadata now, and verify the copy."""
    from shopfloor.domain.requests.workspace import Backup

    report = session.ask(Backup(), timeout=600.0)
    if as_json:
        stream.document(report)
    else:
        stream.data(text(report.path))
        stream.narrate(f"{size(report.bytes)}, up to event {report.seq}.")
