"""The life of a job as one table, and the one function that moves a job along it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction


class Step(NamedTuple):
    """From which states a transition starts, where it ends, its event and what that says of the job."""

    sources: frozenset[JobState]
    target: JobState
    event: str
    words: str


_OPEN = frozenset({JobState.RUNNING, JobState.CANCELLING})


class Transition(Enum):
    """Everything that can happen to a job once it is queued.

    `CANCEL` ends a queued job; one that runs is asked to end (`REQUEST_CANCEL`), and whatever happens to it
    next, it ends as cancelled.
    """

    START = Step(frozenset({JobState.QUEUED}), JobState.RUNNING, "job.started", "started")
    FINISH = Step(frozenset({JobState.RUNNING}), JobState.SUCCEEDED, "job.finished", "finished")
    FAIL = Step(frozenset({JobState.RUNNING}), JobState.FAILED, "job.failed", "failed")
    LOSE = Step(frozenset({JobState.RUNNING}), JobState.LOST, "job.lost", "is lost")
    RETRY = Step(frozenset({JobState.RUNNING}), JobState.QUEUED, "job.retried", "is retried")
    ADOPT = Step(frozenset({JobState.RUNNING}), JobState.QUEUED, "job.adopted", "resumes")
    REQUEST_CANCEL = Step(frozenset({JobState.RUNNING}), JobState.CANCELLING, "job.cancelling", "is being cancelled")
    CANCEL = Step(frozenset({JobState.QUEUED, JobState.CANCELLING}), JobState.CANCELLED, "job.cancelled", "cancelled")
    QUEUE_AGAIN = Step(
        frozenset({JobState.FAILED, JobState.CANCELLED, JobState.LOST}),
        JobState.QUEUED,
        "job.queued",
        "queued again",
    )


def move(
    transaction: Transaction,
    id: str,
    transition: Transition,
    *,
    why: str = "",
    actor: str = "engine",
    data: Mapping[str, Any] | None = None,
    **fields: Any,
) -> JobRecord:
    """Move a job, set `fields` of its record and tell of it; `why` ends the event's sentence.

    Raises `NotFoundError`, and `RefusedError` in a state from which the transition does not start.
    """
    job = jobs.get(transaction, id)
    step = transition.value
    if job.state not in step.sources:
        raise RefusedError(
            f"Job {job.id} is {job.state}.",
            hint=f"Look at it first: shopfloor job show {job.id}",
            code="job_state",
        )
    moved = msgspec.structs.replace(
        job,
        state=step.target,
        pid=job.pid if step.target in _OPEN else None,
        finished_at=transaction.now if step.target.ended else None,
        **fields,
    )
    jobs.put(transaction, moved)
    transaction.emit(
        step.event,
        job.subject,
        f"{job.kind} {job.id} of {job.subject} {step.words}{why}",
        actor=actor,
        data={"job": job.id, **(data or {})},
    )
    return moved
