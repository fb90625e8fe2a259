"""`shopfloor wait`: until everything that was delivered is done."""

from __future__ import annotations

import click

from shopfloor.cli.output import jobs, stream, workspace
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import Verb, json_option, session
from shopfloor.domain.clock import Clock, SystemClock
from shopfloor.domain.errors import ExitCode
from shopfloor.domain.numbers import exact
from shopfloor.domain.requests.workspace import AwaitIdle, IdleReport
from shopfloor.domain.text import counted

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

    Exits with 1 and says why when the time is over, when jobs have failed and nothing has made them good since,
    or when the engine cannot see or store what is delivered. Files in quarantine are told and are no failure.
    """
    report = wait_for_idle(session, timeout, SystemClock())
    if as_json:
        stream.document(report)
    for problem in report.problems:
        stream.narrate(f"shopfloor: {problem}")
    if not report.idle:
        within = "" if timeout is None else f" in {exact(timeout)} s"
        stream.narrate(f"shopfloor: not finished{within}: {workspace.unfinished(report)}.")
        stream.narrate(f"hint: See: shopfloor {_where(report)}; or wait longer.")
    for job in report.failed:
        stream.narrate(f"shopfloor: {jobs.failure(job)}")
    if report.failed:
        stream.narrate(
            f"hint: See: shopfloor job log {report.failed[0].id}; all of them: shopfloor job list --unresolved"
        )
    if report.quarantined_files:
        stream.narrate(
            f"{counted(report.quarantined_files, 'file is', 'files are')} in quarantine."
            " See: shopfloor file list --state quarantined"
        )
    if report.failed or report.problems or not report.idle:
        return ExitCode.FAILED
    stream.narrate("All files and jobs are done.")
    return ExitCode.OK


def _where(report: IdleReport) -> str:
    """The list that shows what is unfinished: jobs where there are any, else the files that wait for something."""
    if report.running_jobs or report.queued_jobs:
        return "job list --state " + ("running" if report.running_jobs else "queued")
    return "file list"


def wait_for_idle(session: Session, timeout: float | None, clock: Clock) -> IdleReport:
    """Ask until all is done, a problem is told, or `timeout` seconds are over; the last answer."""
    start = clock.monotonic()
    shown = ""
    while True:
        left = _TURN_SECONDS if timeout is None else timeout - (clock.monotonic() - start)
        turn = max(0.0, min(_TURN_SECONDS, left))
        report = session.ask(AwaitIdle(wait_s=turn), timeout=turn + _GRACE_SECONDS)
        over = timeout is not None and clock.monotonic() - start >= timeout
        if report.idle or report.problems or over:
            return report
        if (words := workspace.unfinished(report)) != shown:
            stream.narrate(f"{words} …")
            shown = words
