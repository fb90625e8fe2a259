"""`shopfloor restore`: put a backup in place."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, session
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.text import safe


@click.command(cls=Verb)
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@session
def command(session: Session, backup: Path, yes: bool) -> None:
    """Put BACKUP in place of the metadata. What happened after it is forgotten."""
    from shopfloor.client.restore import restore

    if not backup.exists():
        raise NotFoundError(f"There is no backup {safe(backup)}.", hint="See .shopfloor/backups/")
    if not yes:
        if not sys.stdin.isatty():
            # Nobody can confirm, and what happened after the backup would be lost.
            raise UsageError(
                f"Replacing the metadata of {safe(session.workspace)} needs confirmation, and stdin is not a terminal.",
                hint="Add --yes.",
                code="not_confirmed",
            )
        question = f"Replace the metadata of {safe(session.workspace)} by {safe(backup)}?"
        click.confirm(question, abort=True, err=True)
    restore(session.workspace, backup.absolute())
    stream.narrate(f"{safe(backup)} is restored. Check it: shopfloor doctor")
