"""Jobs that failed or were lost and that nothing has made good since."""

from __future__ import annotations

from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.engine.services import EngineServices
from shopfloor.store import files, jobs
from shopfloor.store.rows import Query

_OF_MODELS = frozenset({JobKind.TRAIN, JobKind.SCORE, JobKind.ACTUALS, JobKind.MONITOR})


def unresolved(services: EngineServices, query: Query) -> list[JobRecord]:
    """The newest ended job of each kind about each subject, where it failed or was lost.

    A later one that ended well or was cancelled makes it good; so does whatever became of all its files, or
    that its model is out of service. A job that scores a file which a person named has told that person.
    """
    return [job for job in jobs.last_failed(query) if _counts(services, query, job)]


def _counts(services: EngineServices, query: Query, job: JobRecord) -> bool:
    if "path" in job.payload or (job.kind in _OF_MODELS and not _serves(services, job.subject)):
        return False
    ids = job.payload.get("files", ())
    states = {row.file.state for row in files.ledger(query, ids)}
    return not ids or any(state is FileState.QUARANTINED or state.unsettled for state in states)


def _serves(services: EngineServices, model: str) -> bool:
    try:
        return not services.context.definition(model).retired
    except NotFoundError:
        return False
