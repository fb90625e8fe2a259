"""`shopfloor doctor`: the health of the workspace."""

from __future__ import annotations

import click

from shopfloor.cli.output import answers, status
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.errors import ExitCode


@click.command(cls=Verb)
@click.option("--repair", is_flag=True, help="Repair what is safe to repair.")
@json_option
@session
def command(session: Session, repair: bool, as_json: bool) -> int:
    """Check store, journal, objects, artifacts and drop folders. Exits with 1 when one is unwell."""
    from shopfloor.domain.requests.workspace import Doctor

    report = session.ask(Doctor(repair=repair), timeout=600.0)
    answers.show(report, status.describe_doctor, as_json=as_json)
    return ExitCode.OK if report.ok else ExitCode.FAILED
