"""`shopfloor restore`: put a backup in place."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, session
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.text import counted, safe


@click.command(cls=Verb)
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@session
def command(session: Session, backup: Path, yes: bool) -> None:
    """Put BACKUP in place of the metadata: the workspace is what it was at that moment.

    Files that came later are delivered again from the archive.
    """
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
    done = restore(session.workspace, backup.absolute())
    undone = counted(done.undone, "later event is", "later events are")
    stream.narrate(f"{safe(backup)} is restored; {undone} undone, and kept in {safe(done.aside)}.")
    if done.again:
        files = counted(done.again, "file that came later is", "files that came later are")
        stream.narrate(f"{files} delivered again, and ingested when the engine runs: shopfloor up")
    if done.lost:
        stream.narrate(f"{counted(done.lost, 'stored object')} of that time cannot be found whole: shopfloor doctor")
    else:
        stream.narrate("All stored objects of that time are there. Check the rest: shopfloor doctor")
