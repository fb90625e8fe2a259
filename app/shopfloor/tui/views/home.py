"""The home screen: the line at a glance, and what needs a person first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shopfloor.actions.panes import Scope
from shopfloor.domain.event import Event
from shopfloor.domain.file import FileRecord
from shopfloor.domain.job import JobRecord
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckVerdict
from shopfloor.domain.notice import Undelivered
from shopfloor.domain.numbers import count
from shopfloor.domain.release import ModelRecord
from shopfloor.domain.status import Status
from shopfloor.domain.text import counted
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.tui.theme import FAIL, OK, RUN, WAIT, WARN, State, state_of
from shopfloor.tui.views import activity, words
from shopfloor.tui.views.event_words import event_word
from shopfloor.tui.widgets.rows import Cell, Row

NEXT = "next"
"""Key of the row that says what to do first; there is no record behind it."""

# Steps on the way to a fact, and facts that other rows of this screen tell better.
_HIDDEN_KINDS = frozenset(
    {
        "file.arrived",
        "file.waiting",
        "file.staged",
        "file.committed",
        "file.quarantined",
        "run.started",
        "retrain.train",
        "retrain.skip",
    }
)


_FACT = 12  # cells of a fact in a box of the line at 80 columns
_MOST_SINGLE_FILES = 2


class Fact(NamedTuple):
    """A short line in a station's box, at most 12 cells so that it fits 80 columns."""

    text: str
    tone: str = "muted"


class Station(NamedTuple):
    """One station of the line: its name, state, and three facts, the most important first."""

    name: str
    state: State
    facts: tuple[Fact, ...]


def stations(status: Status, models: Sequence[ModelRecord]) -> tuple[Station, ...]:
    """Data → Train → Release → Serve → Watch."""
    live = [model for model in models if model.champion is not None and not model.retired]
    return (_data(status), _train(status), _release(status, live), _serve(status, live), _watch(status))


def _data(status: Status) -> Station:
    files = status.files
    state = WARN if files.quarantined or status.in_doubt else RUN if files.waiting else OK if status.datasets else WAIT
    third = Fact(f"{words.compact(files.duplicate)} dup." if files.duplicate else "0 duplicates")
    if files.waiting:
        third = Fact(f"{words.compact(files.waiting)} waiting", "run")
    if status.in_doubt:
        third = Fact(f"{words.compact(len(status.in_doubt))} in doubt", "warn")
    if files.quarantined:
        third = Fact(f"{words.compact(files.quarantined)} held", "warn")
    facts = (Fact(_many(status.datasets, "dataset"), ""), Fact(_many(files.committed, "file")), third)
    return Station("Data", state, facts)


def _train(status: Status) -> Station:
    jobs = status.jobs
    busy = jobs.running + jobs.queued
    state = RUN if busy else FAIL if jobs.failed else OK if status.runs else WAIT
    second = Fact(f"{jobs.running} run, {jobs.queued} queue", "run") if busy else Fact("idle")
    third = Fact(f"{words.compact(jobs.failed)} failed", "fail") if jobs.failed else Fact("none failed")
    return Station("Train", state, (Fact(_many(status.runs, "run"), ""), second, third))


def _release(status: Status, live: Sequence[ModelRecord]) -> Station:
    state = WAIT if status.approvals or not live else OK
    first = (
        Fact(f"approve {words.compact(status.approvals)}", "accent") if status.approvals else Fact("no approvals", "")
    )
    share = status.factory.rollback_share
    back = Fact(f"{words.share(share)} rolled back") if share else Fact("no rollback")
    return Station("Release", state, (first, Fact(f"{words.compact(status.factory.deployments_30d)} in 30d"), back))


def _serve(status: Status, live: Sequence[ModelRecord]) -> Station:
    lead = status.factory.lead_time_s
    facts = (
        Fact(_live(len(live), status.models), ""),
        Fact(f"{words.compact(status.predictions)} {'row' if status.predictions == 1 else 'rows'}"),
        Fact(f"lead {words.span(lead)}" if lead is not None else "no lead time"),
    )
    return Station("Serve", OK if live else WAIT, facts)


def _watch(status: Status) -> Station:
    opened = status.alerts.open
    restore = status.factory.restore_time_s
    facts = (
        Fact(_many(opened, "alert"), "warn" if opened else ""),
        Fact(f"{words.compact(status.alerts.acknowledged)} acked"),
        Fact(f"MTTR {words.span(restore)}" if restore is not None else "no MTTR yet"),
    )
    return Station("Watch", WARN if opened else OK if status.models else WAIT, facts)


def _live(live: int, models: int) -> str:
    text = f"{live} of {models} live"
    return text if len(text) <= _FACT else f"{words.compact(live)}/{words.compact(models)} live"


def _many(number: int, word: str) -> str:
    return f"{words.compact(number)} {word}" if number == 1 else f"{words.compact(number)} {word}s"


def _where(scope: Scope) -> Cell:
    """The pane where more stands about a row, and its digit."""
    return Cell(f"{scope.pane.key} {scope.pane.label}", "key")


def next_row(status: Status) -> Row | None:
    """Where the line waits for its first file, or its first model: what to do about it."""
    if not status.datasets:
        text = "Drop a file into inbox/NAME/ to create dataset NAME"
        return Row(NEXT, (Cell("next", "accent"), "a file", text, "", _where(Scope.DATASETS)))
    if not status.models:
        text = "Press n and choose the column to predict; the first training then starts"
        return Row(NEXT, (Cell("next", "accent"), "a model", text, "", _where(Scope.DATASETS)))
    return None


def approval_row(model: ModelRecord) -> Row:
    """A challenger that waits for a person."""
    return Row(
        f"approve {model.name}",
        (
            Cell("approve", "accent"),
            model.name,
            f"v{model.awaiting_approval} passed the gate and awaits approval"
            if model.awaiting_approval is not None
            else "Its releases would need fewer people: that awaits approval",
            "",
            _where(Scope.MODELS),
        ),
    )


def undelivered_row(rule: Undelivered) -> Row:
    """A command of `notify` that takes nothing."""
    what = f"{counted(rule.events, 'event')} could not be delivered: {rule.error}"
    return Row(
        f"notify {rule.rule}",
        (Cell("notify", "warn"), rule.rule, what, words.ago(rule.since), _where(Scope.ACTIVITY)),
    )


def doubt_row(delivery: DeliveryTrust) -> Row:
    """A delivery that waits for a person's word, or for leaving the dataset."""
    return Row(
        f"doubt {delivery.ref}",
        (
            Cell(delivery.trust.value, "fail" if delivery.trust is Trust.BROKEN else "warn"),
            delivery.ref,
            delivery.why,
            words.ago(delivery.decided_at),
            _where(Scope.DATASETS),
        ),
    )


def withdrawn_row(model: ModelRecord) -> Row:
    """A champion that learned from rows which are gone: a person may go back before a training replaces it."""
    return Row(
        f"withdrawn {model.name}",
        (
            Cell("rollback", "warn"),
            model.name,
            f"v{model.champion} learned from {counted(model.withdrawn_rows, 'row')} that left the dataset",
            "",
            _where(Scope.MODELS),
        ),
    )


def alert_row(alert: AlertRecord) -> Row:
    """An open alert."""
    tone = "fail" if alert.severity.value == "critical" else "warn"
    return Row(
        alert.id,
        (Cell("alert", tone), alert.subject, alert.message, words.ago(alert.opened_at), _where(Scope.ALERTS)),
    )


def held_files(files: Sequence[FileRecord]) -> list[tuple[FileRecord, int]]:
    """Files in quarantine, newest first; more than two of one dataset are shown as the newest, with their number."""
    of_dataset = Counter(file.dataset for file in files)
    summarized: set[str] = set()
    found: list[tuple[FileRecord, int]] = []
    for file in files:
        many = of_dataset[file.dataset] > _MOST_SINGLE_FILES
        if many and file.dataset in summarized:
            continue
        summarized.add(file.dataset)
        found.append((file, of_dataset[file.dataset] if many else 1))
    return found


def file_row(file: FileRecord, times: int = 1) -> Row:
    """A file in quarantine, or several of one dataset."""
    text = file.reason.message if file.reason is not None else file.state.value
    name = file.path.rpartition("/")[2]
    if times > 1:
        name = f"{count(times)} files, the newest {name}"
    return Row(
        file.id,
        (
            Cell("quarantined", "warn"),
            file.dataset,
            f"{name}: {text}",
            words.ago(file.seen_at),
            _where(Scope.DATASETS),
        ),
    )


def failed_row(job: JobRecord) -> Row:
    """A job that failed or was lost, and that nothing has made good since."""
    state = state_of(job.state.value)
    return Row(
        job.id,
        (
            Cell(state.word, state.tone),
            job.subject,
            f"{job.kind.value}: {job.error or 'no reason given'}",
            words.ago(job.finished_at),
            _where(Scope.ACTIVITY),
        ),
    )


def retried_row(job: JobRecord) -> Row:
    """A job whose worker died, or that could not be done now: it is tried again by itself."""
    return Row(
        job.id,
        (
            Cell("retry", "warn"),
            job.subject,
            f"{job.kind.value}: {job.error}",
            words.ago(job.started_at),
            _where(Scope.ACTIVITY),
        ),
    )


def running_row(job: JobRecord) -> Row:
    """A job at work."""
    return Row(
        job.id,
        (
            Cell(job.kind.value, "run"),
            job.subject,
            activity.job_line(job),
            words.ago(job.started_at),
            _where(Scope.ACTIVITY),
        ),
    )


def recent_events(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """The events to show, newest first; successive ones of one kind and subject become one with a count."""
    found: list[tuple[Event, int]] = []
    for event in events:
        if not _is_shown(event):
            continue
        last = found[-1] if found else None
        if last is not None and (last[0].kind, last[0].subject) == (event.kind, event.subject):
            found[-1] = (last[0], last[1] + 1)
        else:
            found.append((event, 1))
    return found


def _is_shown(event: Event) -> bool:
    if event.kind == "alias.moved":  # the gate's own changes are shown as its decision
        return event.data.get("alias") == "champion" and event.actor != "gate"
    if event.kind == "model.measured":  # one a month and model: only a fall is news, the rest is in Activity
        return event.data.get("verdict") == CheckVerdict.SHIFTED
    return event.kind not in _HIDDEN_KINDS and not event.kind.startswith("job.")


def event_row(event: Event, times: int = 1) -> Row:
    """An event, or several of one kind."""
    word = event_word(event)
    more = f"  (and {times - 1} more)" if times > 1 else ""
    return Row(
        f"e{event.seq}",
        (Cell(word.word, word.tone), Cell(event.subject, "muted"), _short(event) + more, words.ago(event.at), ""),
    )


def _short(event: Event) -> str:
    """The message without a subject that the column before it names already."""
    rest = event.message.removeprefix(event.subject)
    if rest == event.message or not rest.startswith("@"):
        return activity.short_paths(event.message).replace(f" of {event.subject} ", " ", 1)
    version, _, text = rest[1:].partition(": ")
    return f"v{version}: {text}" if text else event.message


def needs(alerts: Sequence[AlertRecord]) -> list[AlertRecord]:
    """Open alerts."""
    return [alert for alert in alerts if alert.state is AlertState.OPEN]
