"""What the jobs over delivered files share: each file has an outcome, and a part of the log where it is good."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from shopfloor.arrival import file_outcomes
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobRecord
from shopfloor.domain.text import safe
from shopfloor.domain.wire import WireError
from shopfloor.runtime import inference
from shopfloor.runtime.context import Context
from shopfloor.store import files
from shopfloor.store.inference import LogKind


class LogFileResult(Protocol):
    """The result of a file: a part, unless it had no usable row."""

    @property
    def part(self) -> PartFile | None:
        """The rows for the log."""
        ...


class LogFileOutcome(Protocol):
    """A result, or the error for which the file is held. `file` is its id, empty for one that a person named."""

    @property
    def file(self) -> str:
        """The id."""
        ...

    @property
    def result(self) -> LogFileResult | None:
        """The result of the file."""
        ...

    @property
    def error(self) -> WireError | None:
        """Why nothing did."""
        ...


def staging(context: Context, job: JobRecord) -> Path:
    """Where the worker of a job writes."""
    return context.layout.staging / f"{job.kind}-{job.id}"


def publish(context: Context, job: JobRecord, kind: LogKind, outcomes: Sequence[LogFileOutcome]) -> None:
    """Publish the parts under the names of their content; keep the bytes of files that failed."""
    rows = {row.file.id: row for row in file_outcomes.staged_rows(context, job.payload.get("files", []))}
    for outcome in outcomes:
        if outcome.result is not None and outcome.result.part is not None:
            inference.publish(context, job.subject, kind, outcome.result.part)
        elif outcome.error is not None and outcome.file in rows:
            file_outcomes.keep_bytes(context, rows[outcome.file], file_outcomes.reason_of(outcome.error))


def names(context: Context, job: JobRecord) -> dict[str, str]:
    """The printable paths of the files of a job, by id."""
    rows = context.store.read(lambda query: files.ledger(query, job.payload.get("files", [])))
    return {row.file.id: safe(row.file.path) for row in rows}


def settle(context: Context, job: JobRecord, outcomes: Sequence[LogFileOutcome]) -> None:
    """The files leave their drop folder, and the staging of the job goes."""
    shutil.rmtree(staging(context, job), ignore_errors=True)
    failed = {outcome.file for outcome in outcomes if outcome.error is not None}
    rows = context.store.read(lambda query: files.ledger(query, job.payload.get("files", [])))
    file_outcomes.clear_all(context, job, ((row, row.file.id in failed) for row in rows))
