"""`shopfloor wait`: until everything that was delivered is done."""

from __future__ import annotations

import click

from shopfloor.cli.output import stream, workspace
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import ExitCode
from shopfloor.domain.numbers import exact
from shopfloor.domain.requests.workspace import AwaitIdle, IdleReport

_TURN_SECONDS = 20.0  # one question waits this long at most, so that a lost engine is noticed
_GRACE_SECONDS = 15.0


@click.command(cls=Verb)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Give up after this many seconds (default: wait without a limit).",
)
@json_option
@session
def command(session: Session, timeout: float | None, as_json: bool) -> int:
    """Wait until no file is unsettled and no job is queued or running.

    Exits with 1 when the time is over, and says what is unfinished.
    """
    report = wait_for_idle(session, timeout, SystemClock())
    if as_json:
        stream.document(report)
    if report.idle:
        stream.narrate("All files and jobs are done.")
        return ExitCode.OK
    within = "" if timeout is None else f" in {exact(timeout)} s"
    stream.narrate(f"shopfloor: not finished{within}: {workspace.unfinished(report)}.")
    stream.narrate(f"hint: See: shopfloor {_where(report)}; or wait longer.")
    return ExitCode.FAILED


def _where(report: IdleReport) -> str:
    """The list that shows what is unfinished: jobs where there are any, else the files that wait for something."""
    if report.running_jobs or report.queued_jobs:
        return "job list --state " + ("running" if report.running_jobs else "queued")
    return "file list"


def wait_for_idle(session: Session, timeout: float | None, clock: Clock) -> IdleReport:
    """Ask until all is done or `timeout` seconds are over; the last answer."""
    start = clock.monotonic()
    told = ""
    while True:
        left = _TURN_SECONDS if timeout is None else timeout - (clock.monotonic() - start)
        turn = max(0.0, min(_TURN_SECONDS, left))
        report = session.ask(AwaitIdle(wait_s=turn), timeout=turn + _GRACE_SECONDS)
        over = timeout is not None and clock.monotonic() - start >= timeout
        if report.idle or over:
            return report
        if (words := workspace.unfinished(report)) != told:
            stream.narrate(f"{words} …")
            told = words
