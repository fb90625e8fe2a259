"""Jobs and events as text."""

from __future__ import annotations

from shopfloor.cli.output.cells import count, minute, moment, share, text, words
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import TextColumn, facts, present
from shopfloor.domain.event import Event
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.requests.jobs import JobCancel, JobLog, JobLogText, JobRetry

COLUMNS: tuple[TextColumn[JobRecord], ...] = (
    TextColumn("JOB", lambda job: text(job.id)),
    TextColumn("STATE", lambda job: str(job.state)),
    TextColumn("KIND", lambda job: str(job.kind)),
    TextColumn("SUBJECT", lambda job: text(job.subject), room=20),
    TextColumn("DONE", lambda job: share(job.progress), right=True, drop=1),
    TextColumn("STARTS", lambda job: count(job.attempts), right=True, drop=5),
    TextColumn("TRIGGER", lambda job: text(job.trigger), room=14, drop=4),
    TextColumn("CREATED", lambda job: minute(job.created_at), drop=3),
    TextColumn("FINISHED", lambda job: minute(job.finished_at), drop=2),
    TextColumn("ERROR", lambda job: words(job.error), room=30),
)
EMPTY = "No job yet. Jobs start when files arrive or a model is trained."
NO_EVENTS = "No event yet. Events appear here as they happen."


def describe(job: JobRecord, width: int | None) -> str:
    """One job."""
    known = [
        ("job", f"{text(job.id)} ({job.state})"),
        ("kind", str(job.kind)),
        ("subject", text(job.subject)),
        ("progress", _progress(job)),
        ("starts", f"{count(job.attempts)} of at most {count(job.max_attempts)}"),
        ("trigger", text(job.trigger)),
        ("created", moment(job.created_at)),
        ("started", moment(job.started_at)),
        ("finished", moment(job.finished_at)),
        *([("not before", moment(job.not_before))] if job.not_before else []),
        *([("process", str(job.pid))] if job.pid else []),
        *([("error", text(job.error))] if job.error else []),
    ]
    return facts(present(known), width)


def _progress(job: JobRecord) -> str:
    return "" if job.progress is None else f"{share(job.progress)} {words(job.stage)}".strip()


def failure(job: JobRecord) -> str:
    """A failed or lost job in one sentence."""
    end = "is lost" if job.state is JobState.LOST else "failed"
    return f"{job.kind} {text(job.id)} of {text(job.subject)} {end}: {words(job.error)}"


def event_line(event: Event) -> str:
    """One event on one line: sequence number, time, kind, subject, who, message."""
    who = f" by {text(event.actor)}" if event.actor not in ("", "engine") else ""
    message = f": {text(event.message)}" if event.message else ""
    return f"{event.seq:>6}  {moment(event.at)}  {text(event.kind):<20}  {text(event.subject)}{who}{message}"


def describe_log(log: JobLogText, width: int | None) -> str:
    """What a job wrote, as it wrote it."""
    return "\n".join(text(line) if line else "" for line in log.lines)


FORMATS = {
    JobCancel: Format(
        describe,
        state=lambda request, job: f"job {job.id} is already {job.state}",
        already=lambda before, job: before.state in {JobState.CANCELLED, JobState.CANCELLING},
    ),
    JobRetry: Format(describe),
    JobLog: Format(describe_log, empty="The job log is empty."),
}
