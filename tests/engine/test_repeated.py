"""Every mutation can be repeated: a wish that is fulfilled changes nothing, one against the facts is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.domain.requests.alerts import AlertAck, AlertResolve
from shopfloor.domain.requests.datasets import DatasetRollback
from shopfloor.domain.requests.files import FileDiscard
from shopfloor.domain.requests.jobs import JobCancel, JobRetry
from shopfloor.engine.api import alerts as alerts_api
from shopfloor.engine.api import files as files_api
from shopfloor.engine.api import jobs as jobs_api
from shopfloor.engine.api.versions import rollback
from shopfloor.engine.services import EngineServices
from shopfloor.store import alerts, jobs


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def services(works: Works) -> EngineServices:
    nothing: Any = None
    return EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)


def ended(works: Works, state: JobState) -> JobRecord:
    def put(transaction: Any) -> JobRecord:
        job = jobs.enqueue(transaction, JobKind.TRAIN, "late", payload={}, trigger="test")
        job = msgspec.structs.replace(job, state=state)
        jobs.put(transaction, job)
        return job

    return works.store.write(put)


def test_a_cancelled_job_is_cancelled_again_and_an_ended_one_is_not(works: Works, services: EngineServices) -> None:
    cancelled = ended(works, JobState.CANCELLED)
    told = works.store.last_seq
    assert jobs_api.cancel(services, JobCancel(id=cancelled.id, op_id="1")) == cancelled
    assert works.store.last_seq == told
    with pytest.raises(RefusedError, match="has already ended: succeeded"):
        jobs_api.cancel(services, JobCancel(id=ended(works, JobState.SUCCEEDED).id, op_id="2"))


def test_what_succeeded_is_not_tried_again(works: Works, services: EngineServices) -> None:
    with pytest.raises(RefusedError, match="has succeeded") as refusal:
        jobs_api.retry(services, JobRetry(id=ended(works, JobState.SUCCEEDED).id, op_id="1"))
    assert refusal.value.hint
    for number, state in enumerate((JobState.FAILED, JobState.CANCELLED, JobState.LOST)):
        again = jobs_api.retry(services, JobRetry(id=ended(works, state).id, op_id=f"r{number}"))
        assert again.state is JobState.QUEUED


def test_a_discarded_file_is_discarded_again(works: Works, services: EngineServices) -> None:
    id = works.deliver("flights", FileState.QUARANTINED)
    first = files_api.discard(services, FileDiscard(id=id, op_id="1"))
    told = works.store.last_seq
    assert files_api.discard(services, FileDiscard(id=id, op_id="2")) == first
    assert works.store.last_seq == told
    with pytest.raises(RefusedError):
        files_api.discard(services, FileDiscard(id=works.deliver("flights"), op_id="3"))


def test_an_alert_is_acknowledged_and_resolved_again(works: Works, services: EngineServices) -> None:
    now = works.clock.now()
    new = AlertRecord(id="", subject="late", check="performance", opened_at=now, updated_at=now)
    id = works.store.write(lambda transaction: alerts.create(transaction, new)).id
    known = alerts_api.acknowledge(services, AlertAck(id=id, note="mine", op_id="1"))
    told = works.store.last_seq
    works.clock.forward(hours=1)
    assert alerts_api.acknowledge(services, AlertAck(id=id, op_id="2")) == known
    assert works.store.last_seq == told
    over = alerts_api.resolve(services, AlertResolve(id=id, op_id="3"))
    assert alerts_api.resolve(services, AlertResolve(id=id, op_id="4")) == over
    assert over.state is AlertState.RESOLVED
    with pytest.raises(RefusedError):
        alerts_api.acknowledge(services, AlertAck(id=id, op_id="5"))


def test_going_back_to_what_is_there_adds_no_version(works: Works, services: EngineServices) -> None:
    works.commit("flights", [works.flights("Oslo")])
    works.commit("flights", [works.flights("Oslo")])
    told = works.store.last_seq
    for ref in ("flights@1", "flights@2"):
        assert rollback(services, DatasetRollback(ref=ref, op_id=ref)).version == 2
    assert works.store.last_seq == told
