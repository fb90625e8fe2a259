"""Processes that are held, killed or run out of handles: nothing is half done, and there is one owner at all times."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from shopfloor.client.start import connect
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.errors import UnreachableError
from shopfloor.domain.job import JobState
from shopfloor.domain.requests.jobs import EventList, JobList
from shopfloor.domain.requests.models import ModelDefine, ModelShow
from shopfloor.domain.requests.runs import RunList
from shopfloor.workspace.process import ProcessState, process_state
from tests.engine.harness import Shop
from tests.faults.test_full_disk import ids, is_well, table
from tests.shell import APP
from tests.soak import times

_DYING = """
import ctypes, os, signal
from sklearn.tree import DecisionTreeClassifier

class Dying(DecisionTreeClassifier):
    def fit(self, *arguments, **named):
        if not os.path.exists({mark!r}):
            return super().fit(*arguments, **named)
        {act}

def build(*arguments, **named):
    return Dying(max_depth=2)
"""
_ACTS = {"kill": "os.kill(os.getpid(), signal.SIGKILL)", "segfault": "ctypes.string_at(0)"}


def learnable(number: int) -> str:
    return "id,x,y\n" + "".join(f"k{number}-{n},{n % 17},{'yes' if n % 17 > 8 else 'no'}\n" for n in range(300))


def _handles(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _engine(root: Path) -> subprocess.CompletedProcess[str]:
    """Another engine, by hand."""
    return subprocess.run(
        [sys.executable, "-m", "shopfloor.engine", "--workspace", str(root)],
        env={**os.environ, "PYTHONPATH": str(APP)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_held_owner_stays_the_only_one_and_goes_on(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", table(0))
    shop.settle()
    pid, seq = shop.pid(), shop.status().seq
    os.kill(pid, signal.SIGSTOP)
    try:
        shop.write("inbox/d", "1.csv", table(1))
        for _ in range(2):
            with pytest.raises(UnreachableError, match=rf"process {pid}\) is stopped by a signal"):
                connect(shop.root).ask(EventList(after=seq))
        second = _engine(shop.root)
        assert second.returncode != 0
        assert f"Another engine owns this workspace (process {pid})" in second.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
    shop.settle()
    assert shop.pid() == pid
    assert len(ids(shop)) == 40
    assert [event.kind for event in shop.events("engine.started")] == ["engine.started"]


@pytest.mark.parametrize("act", _ACTS)
def test_a_worker_that_dies_in_a_fit_leaves_no_model_and_the_champion_alone(shop: Shop, act: str) -> None:
    mark = shop.root / "dying"
    recipes = shop.root / "recipes"
    recipes.mkdir(exist_ok=True)
    (recipes / "mine.py").write_text(_DYING.format(mark=str(mark), act=_ACTS[act]))
    shop.write("inbox/d", "0.csv", learnable(0))
    shop.settle()
    wanted = ModelDefinition(
        name="m", dataset="d", target="y", id="id", training=Training(candidates=("recipes/mine.py:build",))
    )
    shop.client.ask(ModelDefine(definition=wanted))
    shop.settle()
    assert shop.client.ask(ModelShow(name="m")).champion == 1
    pid = shop.pid()
    mark.touch()
    shop.write("inbox/d", "1.csv", learnable(1))

    def lost() -> bool:
        newest = shop.client.ask(JobList(kind="train")).rows[0]
        return newest.state is JobState.LOST

    shop.until(lost, 120.0)
    job = shop.client.ask(JobList(kind="train")).rows[0]
    assert job.attempts == job.max_attempts
    assert job.error is not None
    assert "Its worker died 3 times" in job.error
    shown = shop.client.ask(ModelShow(name="m"))
    assert (shown.champion, shown.versions) == (1, 1)
    assert len(shop.client.ask(RunList(model="m", state="succeeded")).rows) == 1
    assert not list((shop.root / ".shopfloor/objects/artifacts").rglob("*.part"))
    assert shop.pid() == pid
    mark.unlink()
    shop.write("inbox/d", "2.csv", learnable(2))
    shop.until(lambda: shop.client.ask(JobList(kind="train")).rows[0].state is JobState.SUCCEEDED, 120.0)


def test_what_an_engine_leaves_that_is_killed_with_its_work_holds_no_lock(shop: Shop) -> None:
    """As the OOM killer ends a group. Workers lead groups of their own, and end when nobody answers them."""
    shop.write("inbox/d", "0.csv", table(0))
    shop.settle()
    pid = shop.pid()
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    assert os.getpgid(pid) == pid
    os.killpg(pid, signal.SIGKILL)
    shop.until(lambda: not shop.alive())
    shop.start()
    assert shop.pid() != pid
    shop.write("inbox/d", "1.csv", table(1))
    shop.settle()
    assert len(ids(shop)) == 40
    shop.until(lambda: all(process_state(child) is ProcessState.DEAD for child in children))


def test_an_engine_with_few_handles_says_so_and_leaks_none(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop")
    try:
        pid = shop.pid()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64))
        shop.write("inbox/d", "0.csv", table(0))
        shop.settle()
        crowd = [connect(shop.root) for _ in range(80)]
        for client in crowd:
            with suppress(UnreachableError):  # and nothing else
                client.ask(EventList(tail=1), timeout=5.0)
        for client in crowd:
            client.close()
        shop.client.close()
        shop.until(lambda: _answers(shop), 60.0)
        before = _handles(pid)
        for _ in range(times(100, 1000)):
            shop.client.ask(EventList(tail=1))
        assert _handles(pid) <= before + 2
        shop.write("inbox/d", "1.csv", table(1))
        shop.settle()
        assert len(ids(shop)) == 40
        assert is_well(shop)
        assert shop.pid() == pid
    finally:
        shop.close()


def _answers(of: Shop) -> bool:
    with suppress(UnreachableError):
        of.status()
        return True
    return False
