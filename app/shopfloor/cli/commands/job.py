"""`shopfloor job`: persisted units of work."""

from __future__ import annotations

import click

from shopfloor.cli.nouns import Noun
from shopfloor.cli.output import jobs
from shopfloor.cli.reading import list_verb, only, show_verb
from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.requests.jobs import JobList, JobShow


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
        only("--query", help="Only jobs that contain this."),
        empty=jobs.EMPTY,
        unmatched="No job matches. All of them: shopfloor job list",
    )
)
command.add_command(show_verb(JobShow, jobs.describe, "Show one job."))
