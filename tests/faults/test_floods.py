"""Many at once, leftovers of the dead, and files that want to be run."""

from __future__ import annotations

import os
import pickle
import signal
import socket
from pathlib import Path

import pytest

from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.errors import UnreachableError
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobState
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelDefine, ModelPromote, ModelShow
from shopfloor.domain.requests.runs import RunList
from shopfloor.workspace.layout import Layout
from tests.engine.harness import Shop
from tests.faults.test_full_disk import ids, is_well, table
from tests.faults.test_processes import learnable
from tests.shell import APP
from tests.soak import times
from tests.terminal import Terminal

_SLOW = """
import time
from sklearn.tree import DecisionTreeClassifier

class Slow(DecisionTreeClassifier):
    def fit(self, *arguments, **named):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            sum(range(10_000))
        return super().fit(*arguments, **named)

def build(*arguments, **named):
    return Slow(max_depth=2)
"""


def _memory(pid: int) -> int:
    """Megabytes that the process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


@pytest.mark.soak
def test_thousands_of_files_at_once_are_all_taken_in_within_bounded_memory(shop: Shop) -> None:
    shop.write("inbox/d", "first.csv", table(0, 1))
    shop.settle()
    before, number = _memory(shop.pid()), times(300, 10_000)
    for one in range(1, number):
        shop.write("inbox/d", f"{one}.csv", table(one, 1))
    shop.settle(1800.0)
    counted = shop.status().files
    assert (counted.seen, counted.committed) == (number, number)
    assert len(set(ids(shop))) == number
    assert _memory(shop.pid()) - before < 400
    assert is_well(shop)


def test_what_the_dead_left_keeps_nobody_from_starting(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", table(0))
    shop.settle()
    layout = Layout(shop.root)
    shop.kill()
    layout.socket.unlink(missing_ok=True)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(layout.socket))
    stale.close()
    layout.lock.write_text(f'{{"pid": {os.getpid()}, "epoch": 3}}\n')  # a number that another process has now
    shop.start()
    assert shop.pid() != os.getpid()
    shop.kill()
    layout.socket.unlink(missing_ok=True)
    layout.socket.write_text("in the way")
    layout.lock.write_text("no JSON")
    shop.start()
    assert len(ids(shop)) == 20


def test_questions_are_answered_while_a_training_takes_the_processors(shop: Shop) -> None:
    (shop.root / "recipes").mkdir(exist_ok=True)
    (shop.root / "recipes/slow.py").write_text(_SLOW)
    shop.write("inbox/d", "0.csv", learnable(0))
    shop.settle()
    wanted = ModelDefinition(
        name="m", dataset="d", target="y", id="id", training=Training(candidates=("recipes/slow.py:build",))
    )
    shop.client.ask(ModelDefine(definition=wanted))
    answered = 0

    def trained() -> bool:
        nonlocal answered
        states = {job.state for job in shop.client.ask(JobList(kind="train")).rows}
        answered += JobState.RUNNING in states
        return JobState.SUCCEEDED in states

    shop.until(trained, 120.0)
    assert answered >= 3


def test_a_screen_that_is_killed_leaves_the_engine_as_it_was(shop: Shop) -> None:
    shop.write("inbox/d", "0.csv", table(0))
    shop.settle()
    pid = shop.pid()
    for keys in (b"", b"2", b":sql sel"):
        screen = Terminal("-m", "shopfloor", "-w", str(shop.root), columns=120, PYTHONPATH=str(APP))
        try:
            screen.until(b"\x1b[?1049h")
            screen.quiet()
            screen.press(keys)
            screen.read(0.2)
            os.kill(screen.pid, signal.SIGKILL)
        finally:
            screen.close()
    assert shop.pid() == pid
    assert is_well(shop)
    shop.write("inbox/d", "1.csv", table(1))
    shop.settle()
    assert len(ids(shop)) == 40


class _Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (str(self.path), "w"))


def test_a_pickle_is_never_opened_wherever_it_lies(shop: Shop, tmp_path: Path) -> None:
    payload = pickle.dumps(_Canary(tmp_path / "canary"))
    for folder, name in (("inbox/d", "m.joblib"), ("inbox/d", "m.csv"), ("inbox/d", "m.parquet"), ("score/m", "m.pkl")):
        shop.write(folder, name, payload)
    for place in ("staging/m.joblib", "objects/m.joblib"):
        (shop.root / ".shopfloor" / place).write_bytes(payload)
    shop.write("inbox/d", "0.csv", table(0))
    shop.settle()
    shop.kill()
    shop.start()
    shop.settle()
    states = {Path(file.path).name: file.state for file in shop.client.ask(FileList()).rows}
    assert states.pop("0.csv") is FileState.COMMITTED
    assert set(states.values()) <= {FileState.REFUSED, FileState.QUARANTINED}
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("step", ["release.moved", "release.committed"])
def test_a_kill_in_a_promotion_leaves_one_champion_with_its_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
    shop = Shop(tmp_path / "shop")
    try:
        shop.write("inbox/d", "0.csv", learnable(0))
        shop.settle()
        shop.client.ask(ModelDefine(definition=ModelDefinition(name="m", dataset="d", target="y", id="id")))
        shop.settle()
        shop.write("inbox/d", "1.csv", learnable(1))
        shop.settle()
        before = shop.client.ask(ModelShow(name="m"))
        assert before.versions == 2
        other = 3 - (before.champion or 0)
        with pytest.raises(UnreachableError):
            shop.client.ask(ModelPromote(ref=f"m@{other}", reason="because", op_id="once"))
        monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
        shop.start()
        moved = step == "release.committed"
        assert shop.client.ask(ModelShow(name="m")).champion == (other if moved else before.champion)
        assert len(shop.events("release.promoted")) == int(moved)
        shop.client.ask(ModelPromote(ref=f"m@{other}", reason="because", op_id="once"))  # the client asks again
        assert shop.client.ask(ModelShow(name="m")).champion == other
        assert len(shop.events("release.promoted")) == 1
        deployed = Layout(shop.root).serving / "m.json"
        shop.settle()
        assert len(shop.client.ask(RunList(model="m")).rows) == 2
        assert deployed.exists()
    finally:
        shop.close()
