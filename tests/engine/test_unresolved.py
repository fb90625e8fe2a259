"""Which failed and lost jobs count: the newest of their kind about their subject, unless something made them good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.job import JobKind, JobState
from shopfloor.domain.requests.jobs import JobList
from shopfloor.engine.api import jobs as jobs_api
from shopfloor.engine.services import EngineServices
from shopfloor.store import jobs

GOOD, BAD, LOST, OPEN, ENDED = (
    JobState.SUCCEEDED,
    JobState.FAILED,
    JobState.LOST,
    JobState.RUNNING,
    JobState.CANCELLED,
)


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ((BAD,), True),
        ((LOST,), True),
        ((BAD, GOOD), False),
        ((GOOD, LOST), True),
        ((LOST, ENDED), False),
        ((BAD, OPEN), True),
        ((GOOD, ENDED, OPEN), False),
        ((BAD, BAD, BAD), True),
    ],
)
def test_the_newest_ended_job_decides(states: tuple[JobState, ...], counts: bool, tmp_path: Path) -> None:
    works = Works(tmp_path)
    for state in states:
        add(works, "serving", state)
    add(works, "another", LOST)
    page = jobs_api.listing(services(works), JobList(unresolved=True))
    assert [job.subject for job in page.rows] == ["another", *(["serving"] if counts else [])]
    assert page.total == len(page.rows)
    works.store.close()


def test_what_told_a_person_already_and_what_is_about_no_model_do_not_count(tmp_path: Path) -> None:
    works = Works(tmp_path)
    add(works, "named", BAD, payload={"path": "/x.csv"})
    add(works, "gone", BAD, kind=JobKind.TRAIN)
    add(works, "d", BAD, kind=JobKind.INTAKE, payload={"files": ["f1"]})
    assert jobs_api.listing(services(works), JobList(unresolved=True)).rows == ()
    works.store.close()


def add(works: Works, subject: str, state: JobState, kind: JobKind = JobKind.COLLECT, **fields: Any) -> None:
    payload = fields.pop("payload", {})

    def change(transaction: Any) -> None:
        job = jobs.enqueue(transaction, kind, subject, payload=payload, trigger="test")
        jobs.put(transaction, msgspec.structs.replace(job, state=state))

    works.store.write(change)


def services(works: Works) -> EngineServices:
    nothing: Any = None
    return EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
