"""`shopfloor undo`: take back what one did."""

from __future__ import annotations

import click

from shopfloor.actions.registry import by_name
from shopfloor.cli.output import answers
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.requests.workspace import Undo


@click.command(cls=Verb)
@click.argument("seq", required=False, type=click.IntRange(min=1))
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@json_option
@session
def command(session: Session, seq: int | None, dry_run: bool, as_json: bool) -> int:
    """Take back your newest change, or the one that event SEQ tells of (see `shopfloor events`).

    It is refused when anything moved since, and for what others did. An undo can be undone.
    """
    request = Undo(seq=seq, dry_run=dry_run)
    report = session.ask(request, timeout=by_name("workspace.undo").timeout)
    return answers.report_result(request, None, report, as_json=as_json, undo=session.undo)
