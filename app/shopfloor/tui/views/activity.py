"""Jobs and events on screen."""

from __future__ import annotations

from datetime import UTC, datetime

from shopfloor.domain.event import Event
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.tui.theme import state_of
from shopfloor.tui.views import words
from shopfloor.tui.views.equivalents import command_for
from shopfloor.tui.views.event_words import WIDTH, event_word
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import bar

COLUMNS = (
    TableColumn("when", "UTC", width=8),
    TableColumn("what", "EVENT", width=WIDTH),
    TableColumn("subject", "SUBJECT", ratio=1, min=12, max=16, priority=40),
    TableColumn("message", "MESSAGE", ratio=5, min=46),
    TableColumn("actor", "BY", width=8, priority=30),
)


def event_row(event: Event) -> Row:
    """One fact of the feed."""
    word = event_word(event)
    return Row(
        f"e{event.seq}",
        (
            Cell(words.moment(event.at), "muted"),
            Cell(word.word, word.tone),
            Cell(event.subject, "muted"),
            short_paths(event.message),
            Cell(event.actor, "muted"),
        ),
    )


def short_paths(text: str) -> str:
    """Without the drop folders, so that the part of a file's name that differs stays in sight."""
    for folder in ("inbox/", "actuals/", "score/"):
        if text.startswith(folder) and text.count("/") > 1:
            return text.split("/", 2)[2]
    return text


def job_row(job: JobRecord) -> Row:
    """A job at the top of the feed."""
    state = state_of(job.state.value)
    return Row(
        job.id,
        (
            Cell(words.moment(job.started_at or job.created_at), "muted"),
            Cell(f"{job.kind.value} {state.word}", state.tone),
            job.subject,
            job_line(job),
            Cell(job.id, "muted"),
        ),
        "strong",
    )


def job_line(job: JobRecord, now: datetime | None = None) -> str:
    """Progress in words: a bar, the stage, the time left."""
    if job.state is JobState.QUEUED:
        return f"waits: {job.trigger}"
    if job.progress is None or job.state is not JobState.RUNNING:
        return job.error or job.trigger
    left = _left(job, now or datetime.now(UTC))
    eta = f"  {words.span(left)} left" if left is not None else ""
    return f"{bar(job.progress, 12)} {words.share(job.progress):>5}{eta}  {job.stage}"


def _left(job: JobRecord, now: datetime) -> float | None:
    if job.started_at is None or not job.progress or job.progress < 0.05:
        return None
    spent = (now - job.started_at).total_seconds()
    return max(0.0, spent / job.progress - spent)


def job_sections(job: JobRecord) -> list[Section]:
    """The detail of a job."""
    state = state_of(job.state.value)
    pairs = [
        Pair("state", state.word, state.tone),
        Pair("kind", job.kind.value),
        Pair("subject", job.subject),
        Pair("trigger", job.trigger or words.NONE),
        Pair("progress", words.share(job.progress) + (f"  {job.stage}" if job.stage else "")),
        Pair("attempts", f"{job.attempts} of {job.max_attempts}"),
        Pair("worker", f"pid {job.pid}" if job.pid else words.NONE),
        Pair("heartbeat", words.ago(job.heartbeat_at)),
        Pair("queued", f"{words.stamp(job.created_at)} UTC"),
        Pair("started", words.stamp(job.started_at)),
        Pair("ended", words.stamp(job.finished_at)),
    ]
    found = [Section("job", f"Job {job.id}", pairs, note="l log")]
    if job.error:
        found.append(Section("error", "Error", job.error))
    if job.result:
        found.append(
            Section(
                "result",
                "Result",
                [Pair(name, words.said(value)) for name, value in job.result.items() if value not in (None, [], "")],
            )
        )
    return found


def event_sections(event: Event) -> list[Section]:
    """The detail of a fact."""
    pairs = [
        Pair("what", event.kind),
        Pair("subject", event.subject),
        Pair("when", f"{words.stamp(event.at)} UTC"),
        Pair("by", event.actor or words.NONE),
        Pair("number", str(event.seq)),
    ]
    command = command_for(event)
    if command:
        pairs.append(Pair("in a shell", command, "key"))
    found = [Section("event", "Event", event.message), Section("facts", "Facts", pairs)]
    if event.data:
        found.append(Section("data", "Data", [Pair(name, words.said(value)) for name, value in event.data.items()]))
    return found
