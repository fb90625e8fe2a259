"""`shopfloor job`: persisted units of work."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import jobs, stream
from shopfloor.cli.reading import list_verb, only, show_verb
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, session
from shopfloor.domain.errors import UsageError
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.requests.jobs import JobList, JobLog, JobLogText, JobShow

_TURN_SECONDS = 20.0


@click.group(cls=Noun)
def command() -> None:
    """Jobs: everything the engine does for you, kept until it is done."""


command.add_command(
    list_verb(
        JobList,
        jobs.COLUMNS,
        "List jobs, newest first.",
        only("--kind", kind=JobKind, help="Only jobs of this kind."),
        only("--state", kind=JobState, help="Only jobs in this state."),
        click.option("--unresolved", is_flag=True, help="Only failed and lost jobs that nothing has made good since."),
        only("--query", help="Only jobs that contain this."),
        empty=jobs.EMPTY,
        unmatched="No job matches. All of them: shopfloor job list",
    )
)
command.add_command(show_verb(JobShow, jobs.describe, "Show one job."))


@command.command("log")
@click.argument("job_id", metavar="ID")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended.")
@json_option
@session
def log_job(session: Session, job_id: str, follow: bool, as_json: bool) -> None:
    """Show what a job did, with figures: files and rows, candidates and scores, checks and results.

    Times are in UTC. With --follow it goes on until the job has ended.
    """
    if as_json:
        if follow:
            raise UsageError("--follow prints lines as they are written, --json one document.", hint="Use one of them.")
        stream.document(session.ask(JobLog(id=job_id)))
        return
    log = session.ask(JobLog(id=job_id))
    shown = _print_lines(log)
    while follow and not log.ended:
        log = session.ask(JobLog(id=job_id, after=log.end, wait_s=_TURN_SECONDS), timeout=2 * _TURN_SECONDS)
        shown = _print_lines(log) or shown
    if not shown:
        stream.narrate("The job has not started: its log is empty." if not log.ended else "The job log is empty.")


def _print_lines(log: JobLogText) -> bool:
    if log.lines:
        stream.data(jobs.describe_log(log, None))
        stream.flush()
    return bool(log.lines)
