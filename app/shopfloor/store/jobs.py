"""Jobs: queued in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.job import JobCause, JobKind, JobRecord, JobState
from shopfloor.domain.page import Page
from shopfloor.domain.status import JobCounts
from shopfloor.domain.text import safe
from shopfloor.store.rows import Filter, Query, count, page, scalar, window
from shopfloor.store.transaction import Transaction, naive

HELD = ", ".join(f"'{state}'" for state in JobState if state.held)
"""The states of jobs that a runner holds, as a list in SQL."""
_FAILED = ", ".join(f"'{state}'" for state in (JobState.FAILED, JobState.LOST))
OPEN = ", ".join(f"'{state}'" for state in JobState if not state.ended)
"""The states of jobs that have not ended, as a list in SQL."""


def enqueue(
    transaction: Transaction,
    kind: JobKind,
    subject: str,
    *,
    payload: dict[str, Any],
    trigger: str,
    causes: Sequence[JobCause] = (),
    unique_key: str | None = None,
    priority: int = 0,
) -> JobRecord:
    """Add a job; with a `unique_key` that is queued already, that job is returned instead."""
    if unique_key is not None:
        row = transaction.one("SELECT record FROM jobs WHERE unique_key = ? AND state = 'queued'", [unique_key])
        if row is not None:
            return msgspec.json.decode(row[0], type=JobRecord)
    id, _ = transaction.next_id("j")
    job = JobRecord(
        id=id,
        kind=kind,
        subject=subject,
        priority=priority,
        trigger=trigger,
        causes=tuple(causes),
        payload=payload,
        unique_key=unique_key,
        created_at=transaction.now,
    )
    put(transaction, job)
    transaction.emit(
        "job.queued",
        subject,
        f"{kind} {id} of {safe(subject, 60)} queued: {trigger}",
        actor=transaction.asker,
        data={"job": id, "kind": kind.value},
    )
    return job


def put(transaction: Transaction, job: JobRecord) -> None:
    """Replace a job."""
    transaction.put(
        "jobs",
        {
            "id": job.id,
            "number": int(job.id[1:]),
            "kind": job.kind.value,
            "subject": job.subject,
            "state": job.state.value,
            "priority": job.priority,
            "unique_key": job.unique_key,
            "epoch": job.epoch,
            "created_at": job.created_at,
            "record": to_text(job),
        },
    )


def get(query: Query, id: str) -> JobRecord:
    """One job; raises `NotFoundError`."""
    row = query.one("SELECT record FROM jobs WHERE id = ?", [id])
    if row is None:
        raise NotFoundError(
            f"There is no job {safe(id, 40)!r}.", hint="List them: shopfloor job list", code="job_not_found"
        )
    return msgspec.json.decode(row[0], type=JobRecord)


def queued(query: Query) -> list[JobRecord]:
    """Queued jobs, the most urgent first."""
    return _all(query, "WHERE state = 'queued' ORDER BY priority DESC, number")


def open_about(query: Query, kind: JobKind, subject: str) -> int:
    """How many jobs of a kind about a subject have not ended."""
    return scalar(
        query,
        f"SELECT count(*) FROM jobs WHERE kind = ? AND subject = ? AND state IN ({OPEN})",
        [kind.value, subject],
    )


def datasets_being_checked(query: Query) -> list[str]:
    """The datasets of which a delivery is being checked, or waits for its check."""
    rows = query.all(
        "SELECT DISTINCT record ->> '$.payload.dataset' FROM jobs "
        f"WHERE kind = ? AND state IN ({OPEN}) AND record ->> '$.payload.dataset' IS NOT NULL",
        [JobKind.MONITOR.value],
    )
    return [row[0] for row in rows]


def open_of(query: Query, kind: JobKind, subject: str) -> JobRecord | None:
    """The oldest job of a kind about a subject that has not ended."""
    found = _all(
        query, f"WHERE kind = ? AND subject = ? AND state IN ({OPEN}) ORDER BY number LIMIT 1", [kind.value, subject]
    )
    return found[0] if found else None


def running(query: Query) -> list[JobRecord]:
    """Running jobs, also those that are being cancelled."""
    return _all(query, f"WHERE state IN ({HELD}) ORDER BY number")


def _all(query: Query, clause: str, parameters: Sequence[Any] = ()) -> list[JobRecord]:
    return [
        msgspec.json.decode(row[0], type=JobRecord)
        for row in query.all(f"SELECT record FROM jobs {clause}", list(parameters))
    ]


def listing(query: Query, *, kind: str, state: str, text: str, limit: int, offset: int) -> Page[JobRecord]:
    """Jobs, newest first."""
    where = (
        Filter()
        .equal("kind", kind)
        .equal("state", state)
        .contains("id || ' ' || kind || ' ' || subject || ' ' || state", text)
    )
    rows = window(query, "jobs", "record", where, "number DESC", limit, offset)
    return page([msgspec.json.decode(row[0], type=JobRecord) for row in rows], count(query, "jobs", where), offset)


def last_failed(query: Query) -> list[JobRecord]:
    """The newest ended job of each kind about each subject, where it failed or was lost, newest first."""
    newest = f"SELECT max(number) FROM jobs WHERE state NOT IN ({OPEN}) GROUP BY kind, subject"
    return _all(query, f"WHERE state IN ({_FAILED}) AND number IN ({newest}) ORDER BY number DESC")


def counts(query: Query) -> JobCounts:
    """How many jobs wait and run."""
    found = dict(query.all("SELECT state, count(*) FROM jobs GROUP BY state"))
    return JobCounts(
        queued=found.get(JobState.QUEUED, 0),
        running=sum(found.get(state, 0) for state in JobState if state.held),
    )


def succeeded_of(query: Query, subject: str) -> dict[str, int]:
    """How many jobs of each kind about a subject have succeeded."""
    found = "SELECT kind, count(*) FROM jobs WHERE subject = ? AND state = ? GROUP BY kind"
    return dict(query.all(found, [subject, JobState.SUCCEEDED.value]))


def last_ended(query: Query, kind: JobKind, subject: str) -> JobRecord | None:
    """The newest ended job of a kind about a subject."""
    found = _all(
        query,
        f"WHERE kind = ? AND subject = ? AND state NOT IN ({OPEN}) ORDER BY number DESC LIMIT 1",
        [kind.value, subject],
    )
    return found[0] if found else None


def trained_in_vain(query: Query, model: str, triggers: Sequence[str], since: datetime | None) -> int:
    """The newest trainings of a model since a time that one of `triggers` started and that have ended, in a row."""
    of_triggers = "coalesce(list_contains(?, record ->> '$.payload.trigger'), false)"
    trainings = f"kind = 'train' AND subject = ? AND state NOT IN ({OPEN})"
    return scalar(
        query,
        f"SELECT count(*) FROM jobs WHERE {trainings} AND {of_triggers} AND created_at > ? AND number > "
        f"(SELECT coalesce(max(number), 0) FROM jobs WHERE {trainings} AND NOT {of_triggers})",
        [model, list(triggers), naive(since or datetime(1970, 1, 1, tzinfo=UTC)), model, list(triggers)],
    )
