"""`shopfloor job`: persisted units of work."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import answers, jobs, stream
from shopfloor.cli.session import Session
from shopfloor.cli.verbs import json_option, one_of, session, window_options
from shopfloor.domain.errors import UsageError
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.requests.jobs import JobList, JobLog, JobLogText, JobShow

_TURN_SECONDS = 20.0


@click.group(cls=Noun)
def command() -> None:
    """Jobs: everything the engine does for you, kept until it is done."""


@command.command("list")
@click.option("--kind", type=one_of(JobKind), help="Only jobs of this kind.")
@click.option("--state", type=one_of(JobState), help="Only jobs in this state.")
@click.option("--unresolved", is_flag=True, help="Only failed and lost jobs that nothing has made good since.")
@click.option("--query", default="", metavar="TEXT", help="Only jobs that contain this.")
@window_options(1000)
@json_option
@session
def list_jobs(
    session: Session,
    kind: str | None,
    state: str | None,
    unresolved: bool,
    query: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List jobs, newest first."""
    if unresolved and (kind or state or query):
        raise UsageError("--unresolved goes with no other filter.", hint="shopfloor job list --unresolved")
    page = session.ask(
        JobList(kind=kind or "", state=state or "", unresolved=unresolved, query=query, limit=limit, offset=offset)
    )
    narrowed = kind or state or query or unresolved
    empty = "No job matches. All of them: shopfloor job list" if narrowed else jobs.EMPTY
    answers.listing(page, jobs.COLUMNS, empty=empty, as_json=as_json)


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


@command.command("show")
@click.argument("job_id", metavar="ID")
@json_option
@session
def show_job(session: Session, job_id: str, as_json: bool) -> None:
    """Show one job."""
    answers.show(session.ask(JobShow(id=job_id)), jobs.describe, as_json=as_json)
