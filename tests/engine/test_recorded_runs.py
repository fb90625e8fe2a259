"""What processes record becomes runs, each entry once, whatever dies in between."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.upkeep.works import Works

from shopfloor.client.spool import Spool
from shopfloor.domain.recording import LoggedMetric, RunEnding, RunEntry, RunOpening
from shopfloor.domain.requests.runs import RunShow
from shopfloor.domain.run import NonFinite, RunRecord, RunState, measured
from shopfloor.engine.api import recorders, runs
from shopfloor.engine.services import EngineServices
from shopfloor.store.runs import RunSearch, listing
from shopfloor.workspace.process import own_identity
from shopfloor.workspace.segment_reader import checked_lines, segments

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def opening(key: str, parent: str = "") -> RunEntry:
    begins = RunOpening(model="m", name=key, parent=parent, process=own_identity())
    return RunEntry(key=key, at=AT, opening=begins, params={"key": key})


def found(works: Works) -> dict[str, RunRecord]:
    rows = works.store.read(lambda query: listing(query, RunSearch({}), limit=99, offset=0)).rows
    assert len({run.name for run in rows}) == len(rows)
    return {run.name: run for run in rows}


_steps = st.lists(
    st.tuples(st.sampled_from(["log", "log", "end", "take", "kill", "close"]), st.integers(0, 2)), max_size=25
)


@settings(max_examples=8, deadline=None)
@given(steps=_steps)
def test_each_entry_counts_once(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    works = Works(tmp_path_factory.mktemp("works"))
    spool = Spool(works.layout.root)
    ended: set[int] = set()
    logged: dict[int, int] = {}
    for number, (step, run) in enumerate(steps):
        begins = opening(f"run {run}")
        if step == "log" and run not in ended:
            metrics = (LoggedMetric("n", float(number), number),)
            spool.append(begins, RunEntry(key=begins.key, at=AT, metrics=metrics))
            logged[run] = number
        elif step == "end" and run in logged and run not in ended:
            spool.end(begins, RunEntry(key=begins.key, at=AT, ending=RunEnding()))
            ended.add(run)
        elif step == "take":
            recorders.look_at_recordings(works.context)
        elif step == "kill":  # after the commit and before anything else
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
                recorders.take_in(works.context)
            works.store.close()
            works.reopen()
        elif step == "close":
            spool.close()
    spool.close()
    recorders.take_in(works.context)
    runs_now = found(works)
    assert {run.name: run.metrics["n"] for run in runs_now.values()} == {
        f"run {k}": float(v) for k, v in logged.items()
    }
    assert {name for name, run in runs_now.items() if run.state is RunState.SUCCEEDED} == {f"run {k}" for k in ended}
    counted = dict(works.store.read(lambda query: query.all("SELECT run, count(*) FROM run_metrics GROUP BY run")))
    logs = {f"run {k}": sum(1 for s in _counted(steps) if s == k) for k in logged}
    assert {name: counted[run.id] for name, run in runs_now.items()} == logs
    assert segments(works.layout.recordings) == ()
    works.store.close()


def _counted(steps: list[tuple[str, int]]) -> Iterator[int]:
    """The runs of the entries that were logged."""
    ended: set[int] = set()
    seen: set[int] = set()
    for step, run in steps:
        if step == "log" and run not in ended:
            seen.add(run)
            yield run
        elif step == "end" and run in seen:
            ended.add(run)


def test_values_come_back_with_their_steps(works: Works) -> None:
    spool = Spool(works.layout.root)
    begins = opening("steps")
    for step in range(3_000):
        spool.append(begins, RunEntry(key="steps", at=AT, metrics=(LoggedMetric("loss", 1.0 / (1 + step), step),)))
    odd = tuple(LoggedMetric(name, measured(value), 5) for name, value in (("a", math.nan), ("b", -math.inf)))
    spool.append(begins, RunEntry(key="steps", at=AT, metrics=odd))
    nothing: Any = None
    services = EngineServices(context=works.context, pool=nothing, watch=nothing, streams=nothing, stop=lambda: None)
    shown = runs.show(services, RunShow(id="steps"))
    assert (shown.metrics["a"], shown.metrics["b"]) == (NonFinite.NAN, NonFinite.NEGATIVE_INFINITY)
    assert shown.steps["a"] == ((5, NonFinite.NAN),)
    losses = shown.steps["loss"]
    assert (losses[0], losses[-1]) == ((0, 1.0), (2_999, 1.0 / 3_000))
    assert 500 <= len(losses) <= 1_001
    spool.close()


def test_a_child_is_nested_whatever_log_it_is_in(works: Works) -> None:
    spool = Spool(works.layout.root)
    spool.append(opening("outer"), RunEntry(key="outer", at=AT))
    recorders.take_in(works.context)
    spool.append(opening("inner", "outer"), RunEntry(key="inner", at=AT))
    recorders.take_in(works.context)
    assert found(works)["inner"].parent == found(works)["outer"].id
    spool.close()


def test_what_is_damaged_or_nobodys_is_left_out_and_told(works: Works) -> None:
    spool = Spool(works.layout.root)
    spool.append(opening("good"), RunEntry(key="good", at=AT, metrics=(LoggedMetric("x", 1.0),)))
    (path,) = segments(works.layout.recordings)
    with path.open("ab") as file:
        file.write(b'{"key": "bad"} 00000000\n' + checked_lines([b'{"key": 1}']) + b'{"key": "to')
    spool.close()
    recorders.take_in(works.context)
    assert found(works)["good"].metrics == {"x": 1.0}
    told = works.store.read(lambda query: query.all("SELECT data FROM events WHERE kind = 'run.damaged'"))
    assert told == [('{"entries":2}',)]
    assert os.listdir(works.layout.recordings) == []


def test_values_that_another_process_logs_after_the_end_are_kept(works: Works) -> None:
    first, second = Spool(works.layout.root), Spool(works.layout.root)
    begins = opening("shared")
    first.append(begins, begins)
    first.end(begins, RunEntry(key="shared", at=AT, ending=RunEnding()))
    recorders.take_in(works.context)
    second.append(begins, RunEntry(key="shared", at=AT, params={"key": "other"}, metrics=(LoggedMetric("x", 1.0),)))
    recorders.take_in(works.context)
    run = found(works)["shared"]
    assert (run.state, run.metrics, run.params) == (RunState.SUCCEEDED, {"x": 1.0}, {"key": "shared"})
    assert run.notes == ("Param key was logged again with another value: the first one stays.",)
    first.close()
    second.close()
