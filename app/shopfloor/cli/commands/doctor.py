"""`shopfloor doctor`: the health of the workspace, with --deep every stored byte, with --bundle as a support file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from shopfloor.cli.output import answers, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.errors import ExitCode, UnreachableError, UsageError
from shopfloor.domain.numbers import count
from shopfloor.domain.requests.workspace import DamagedObject, DeepReading, Doctor, DoctorRead
from shopfloor.domain.text import safe

_SECONDS = 600.0


@click.command(cls=Verb)
@click.option("--repair", is_flag=True, help="Repair what is safe to repair.")
@click.option("--deep", is_flag=True, help="Read every stored byte first, and show how far that is.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write one support file (zip) without data and secrets, also where no engine runs.",
)
@json_option
@session
def command(session: Session, repair: bool, deep: bool, bundle: Path | None, as_json: bool) -> int:
    """Check store, journal, objects, artifacts and drop folders.

    Exits with 1 when something needs attention.
    """
    if bundle is not None:
        if repair or deep or as_json:
            raise UsageError("--bundle goes with no other option.", hint="shopfloor doctor --bundle FILE")
        write_bundle(session, bundle)
        return ExitCode.OK
    damaged = _read_all(session) if deep else ()
    request = Doctor(repair=repair)
    report = session.ask(request, timeout=_SECONDS)
    return answers.report_result(request, None, msgspec.structs.replace(report, damaged=damaged), as_json=as_json)


def _read_all(session: Session) -> tuple[DamagedObject, ...]:
    """Slice by slice, so that the engine answers others meanwhile and an interrupt ends it."""
    found: list[DamagedObject] = []
    reading = DeepReading(after="", read=0, total=0)
    while True:
        reading = session.ask(DoctorRead(after=reading.after), timeout=_SECONDS)
        found += reading.damaged
        stream.narrate(
            f"{count(reading.read)} of {count(reading.total)} stored objects read, {count(len(found))} damaged"
        )
        if not reading.after:
            return tuple(found)


def write_bundle(session: Session, target: Path) -> None:
    """Gather the support file; an engine is asked where one runs, and not started."""
    from shopfloor.client.support.support_file import write_support_file

    workspace = session.workspace
    try:
        client = session.client(start=False)
    except UnreachableError as error:
        stream.narrate(f"The engine is not asked: {error.message}")
        client = None
    write_support_file(workspace, target.absolute(), client)
    stream.narrate(
        f"{safe(target)} is written: versions, settings, status, findings, recent jobs, logs, schemas and sizes,"
        " without data and secrets. Look through it before you pass it on."
    )
