"""Files of predictions: complete beside their place, under a hidden name, until the commit that they belong to.

The rename follows the commit, so nobody reads predictions that no log knows; on the same file system it cannot fail
for want of space, and a folder that is full or not writable is found before the commit.
"""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.job import JobRecord, JobState
from shopfloor.runtime.context import Context
from shopfloor.store import jobs
from shopfloor.workspace.durable import fsync_directory, is_shared
from shopfloor.workspace.layout import Layout


def hidden(output: Path, job: JobRecord) -> Path:
    """Where the predictions of `job` for `output` wait."""
    return output.with_name(f"{_prefix(job)}{output.name}")


def revealed(path: Path) -> Path:
    """The place of a hidden file."""
    return path.with_name(path.name.partition("-")[2])


def reveal(layout: Layout, job: JobRecord) -> None:
    """After the commit: put what the job wrote in its place. May be repeated, and by two at once."""
    for path in _waiting(layout, job):
        try:
            if is_shared(path.parent):
                path.chmod(0o640)
            os.replace(path, revealed(path))
        except FileNotFoundError:
            continue  # somebody was faster
        fsync_directory(path.parent)


def discard(layout: Layout, job: JobRecord) -> None:
    """Remove what a job wrote that failed."""
    for path in _waiting(layout, job):
        path.unlink(missing_ok=True)


def finish(context: Context) -> None:
    """What an engine that was killed left in the outbox: put in its place after a commit, removed after a failure."""
    for path in context.layout.outbox.glob("*/.j*-*"):
        id = path.name.partition("-")[0].removeprefix(".")
        try:
            job = context.store.read(lambda query, id=id: jobs.get(query, id))  # type: ignore[misc]
        except NotFoundError:
            path.unlink(missing_ok=True)
            continue
        if job.state is JobState.SUCCEEDED:
            reveal(context.layout, job)
        elif job.state.ended:
            discard(context.layout, job)


def _waiting(layout: Layout, job: JobRecord) -> list[Path]:
    if "output" in job.payload:
        path = hidden(Path(str(job.payload["output"])), job)
        return [path] if path.exists() else []
    return sorted((layout.outbox / job.subject).glob(f"{_prefix(job)}*"))


def _prefix(job: JobRecord) -> str:
    return f".{job.id}-"
