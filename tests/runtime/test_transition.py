"""A job's life is one table: what stands there happens, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.upkeep.works import Works

from shopfloor.domain.errors import RefusedError
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.runtime.transition import Transition, move
from shopfloor.store import jobs


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    made = Works(Path(tmp_path_factory.mktemp("works")))
    yield made
    made.store.close()


def queued(works: Works) -> JobRecord:
    return works.store.write(
        lambda transaction: jobs.enqueue(transaction, JobKind.TRAIN, "late", payload={}, trigger="test")
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.sampled_from(Transition), max_size=12))
def test_a_job_moves_only_along_the_table(works: Works, asked: list[Transition]) -> None:
    job = queued(works)
    for transition in asked:
        step, told = transition.value, works.store.last_seq
        if job.state in step.sources:
            job = works.store.write(partial(move, id=job.id, transition=transition))
            assert job.state is step.target
            assert works.store.last_seq == told + 1
        else:
            with pytest.raises(RefusedError, match=f"is {job.state}"):
                works.store.write(partial(move, id=job.id, transition=transition))
            assert works.store.last_seq == told
        assert works.store.read(partial(jobs.get, id=job.id)) == job
        assert (job.finished_at is not None) == job.state.ended
        assert job.state.held or job.pid is None


def test_what_has_ended_only_starts_anew() -> None:
    for transition in Transition:
        step = transition.value
        if any(state.ended for state in step.sources):
            assert (transition, step.target) == (Transition.QUEUE_AGAIN, JobState.QUEUED)


def test_every_state_is_reached_and_every_open_one_can_be_cancelled() -> None:
    reached = {JobState.QUEUED, *(transition.value.target for transition in Transition)}
    assert reached == set(JobState)
    ways = Transition.CANCEL.value.sources | Transition.REQUEST_CANCEL.value.sources
    assert ways == {state for state in JobState if not state.ended}
