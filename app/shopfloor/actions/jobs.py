"""What can be done with a job, or with the job behind a run."""

from __future__ import annotations

from shopfloor.actions.action import Action, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import job_of
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.record import Record
from shopfloor.domain.requests.jobs import JobCancel, JobLog, JobRetry, JobShow
from shopfloor.domain.run import RunRecord, RunState


def _ended(record: Record) -> str | None:
    match record:
        case JobRecord() if record.state is JobState.CANCELLING:
            return "The job is already being cancelled."
        case JobRecord() if record.state.ended:
            return f"The job has ended: {record.state}."
        case RunRecord() if record.state not in {RunState.QUEUED, RunState.RUNNING}:
            return f"The run has ended: {record.state}."
        case _:
            return _no_job(record)


def _no_job(record: Record) -> str | None:
    return None if job_of(record) else "It has no job: a notebook recorded it."


def _not_failed(record: Record) -> str | None:
    failed = {JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    if isinstance(record, JobRecord) and record.state not in failed:
        return f"The job is {record.state}; only a failed job can be retried."
    return None


def _cancel(ref: str, inputs: Inputs) -> JobCancel:
    return JobCancel(id=ref)


def _retry(ref: str, inputs: Inputs) -> JobRetry:
    return JobRetry(id=ref)


def _log(ref: str, inputs: Inputs) -> JobLog:
    return JobLog(id=ref)


ACTIONS = (
    Action(
        name="job.cancel",
        key="x",
        label="Cancel",
        help="Stop the queued or running job.",
        scopes=(Scope.ACTIVITY, Scope.EXPERIMENTS),
        records=(JobRecord, RunRecord),
        cli="shopfloor job cancel {ref}",
        rank=12,
        ref=job_of,
        why_not=_ended,
        build=_cancel,
        before=lambda ref: JobShow(id=ref),
    ),
    Action(
        name="job.retry",
        key="r",
        label="Retry",
        help="Run the failed job again.",
        scopes=(Scope.ACTIVITY,),
        records=(JobRecord,),
        cli="shopfloor job retry {ref}",
        rank=11,
        ref=job_of,
        why_not=_not_failed,
        build=_retry,
    ),
    Action(
        name="job.log",
        key="l",
        label="Log",
        help="Show what the job did, with figures, and follow it while it runs.",
        scopes=(Scope.ACTIVITY, Scope.EXPERIMENTS),
        records=(JobRecord, RunRecord),
        cli="shopfloor job log {ref}",
        rank=40,
        ref=job_of,
        why_not=_no_job,
        build=_log,
        shows=True,
    ),
)
