"""Threads follow the idle cores and never exceed the limit in force."""

from __future__ import annotations

from pathlib import Path

import pytest
import sklearn.ensemble
from threadpoolctl import threadpool_info, threadpool_limits

from shopfloor.artifacts import threads

assert sklearn.ensemble


def openmp() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp"}


@pytest.mark.parametrize(("running", "idle"), [(1, 4), (2, 3), (4, 1), (9, 1)])
def test_idle_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, running: int, idle: int) -> None:
    load = tmp_path / "loadavg"
    load.write_text(f"0.1 0.2 0.3 {running}/99 1234\n")
    monkeypatch.setattr(threads, "_LOAD", load)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert threads.idle_cores(8) == idle
    assert threads.idle_cores(2) == min(2, idle)
    assert threads.idle_cores(1) == 1


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(threads, "_LOAD", tmp_path / "none")
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 1})
    assert threads.idle_cores(4) == 2


def test_limits_hold_inside_and_end_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "idle_cores", lambda most: most)
    with threadpool_limits({"openmp": 2}):
        with threads.limited(1):
            assert openmp() == {1}
            with threads.for_rows(10**6):
                assert openmp() == {1}
        with threads.for_rows(10**6):
            assert openmp() == {2}
        with threads.for_rows(10):
            assert openmp() == {1}
        assert openmp() == {2}
