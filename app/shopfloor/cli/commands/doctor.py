"""`shopfloor doctor`: the health of the workspace, and with --deep every stored byte."""

from __future__ import annotations

import click
import msgspec

from shopfloor.cli.output import answers, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.numbers import count
from shopfloor.domain.requests.workspace import DamagedObject, DeepReading, Doctor, DoctorRead

_SECONDS = 600.0


@click.command(cls=Verb)
@click.option("--repair", is_flag=True, help="Repair what is safe to repair.")
@click.option("--deep", is_flag=True, help="Read every stored byte first, and show how far that is.")
@json_option
@session
def command(session: Session, repair: bool, deep: bool, as_json: bool) -> int:
    """Check store, journal, objects, artifacts and drop folders.

    Exits with 1 when something needs attention.
    """
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
