"""`shopfloor gc`: remove what nothing refers to."""

from __future__ import annotations

import click

from shopfloor.cli.output import status, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session


@click.command(cls=Verb)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@json_option
@session
def command(session: Session, dry_run: bool, as_json: bool) -> None:
    """Remove stored objects and old staging folders that nothing refers to."""
    from shopfloor.domain.requests.workspace import Gc

    report = session.ask(Gc(dry_run=dry_run), timeout=600.0)
    if as_json:
        stream.document(report)
    else:
        stream.data(status.describe_gc(report))
