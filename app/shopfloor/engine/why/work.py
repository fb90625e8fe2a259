"""Why a job was started and how it ended; why a run is as it is."""

from __future__ import annotations

from shopfloor.domain.explanation import Explained
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.text import safe
from shopfloor.engine.why.evidence import StoredEvidence, notes
from shopfloor.lineage.key import Key
from shopfloor.store import jobs, runs

_FAILED_JOB = {JobState.FAILED, JobState.LOST, JobState.CANCELLED}
_FAILED_RUN = {RunState.FAILED, RunState.LOST, RunState.CANCELLED}


def job(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """A job's trigger and its end; what it waits for while it is queued."""
    return of_job(jobs.get(evidence.query, key.name))


def of_job(found: JobRecord) -> Explained:
    """A job in a sentence."""
    trigger = f" (trigger: {safe(found.trigger, 200)})" if found.trigger else ""
    error = f": {safe(found.error, 400)}" if found.error else "."
    waits = found.not_before is not None and not found.state.ended
    return Explained(
        kind="job",
        ref=found.id,
        state=found.state.value,
        message=f"{found.kind} job {found.id} of {safe(found.subject, 64)}{trigger}{error}",
        at=found.finished_at or found.started_at or found.created_at,
        hint=f"shopfloor job log {found.id}, then shopfloor job retry {found.id}" if found.state in _FAILED_JOB else "",
        because=(Explained(kind="policy", message="It is to be tried again.", at=found.not_before),) if waits else (),
    )


def run(evidence: StoredEvidence, key: Key, node: LineageNode) -> Explained:
    """What a run learned from, what it chose and what it noticed; or why it failed."""
    found = runs.get(evidence.query, key.name)
    return Explained(
        kind="run",
        ref=found.id,
        state=found.state.value,
        message=_run_words(found),
        at=found.started_at or found.created_at,
        hint=f"shopfloor model train {safe(found.model, 64)}" if found.state in _FAILED_RUN and found.job else "",
        because=notes(found.notes),
    )


def _run_words(found: RunRecord) -> str:
    data = f" on {found.dataset}@{found.dataset_version}" if found.dataset and found.dataset_version else ""
    words = f"{found.id} trains {safe(found.model, 64)}{data}"
    if found.error:
        return f"{words}: {safe(found.error, 400)}"
    return f"{words}; it chose {safe(found.chosen, 80)}." if found.chosen else f"{words}."
