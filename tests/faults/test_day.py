"""A day of life, by a seeded script: nothing is lost, and nothing is left behind that grows."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from shopfloor.client.restore import restore
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import JobList
from shopfloor.domain.requests.models import ModelDefine, ModelShow, ModelTrain
from shopfloor.domain.requests.runs import RunList
from shopfloor.domain.requests.workspace import Backup, Doctor, Gc
from shopfloor.domain.status import DegradedCause
from tests.engine.harness import Shop
from tests.faults.test_full_disk import ids, is_well
from tests.shell import APP
from tests.soak import SOAK, times
from tests.terminal import Terminal
from tests.waiting import let_pass

_HOURS = int(os.environ.get("SHOPFLOOR_DAY_HOURS", "24"))
_ROWS = 200


def _table(name: str, rows: int, chance: random.Random, *, target: bool = True) -> str:
    lines = ["id,x,level" + (",y" if target else "")]
    for number in range(rows):
        x, level = chance.random(), chance.choice("abc")
        y = "yes" if x + (level == "a") / 4 + chance.gauss(0, 0.1) > 0.6 else "no"
        lines.append(f"{name}-{number},{x:.4f},{level}" + (f",{y}" if target else ""))
    return "\n".join(lines) + "\n"


class Held(NamedTuple):
    """What the engine's process and the workspace hold when nothing is to be done."""

    megabytes: int
    handles: int
    threads: int
    children: int
    files: int


def _held(shop: Shop) -> Held:
    pid = shop.pid()
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    private = shop.root / ".shopfloor"
    passing = [
        path for place in ("staging", "run") for path in (private / place).rglob("*") if "jobs" not in path.parts
    ]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return Held(
        int(told["VmRSS"].split()[0]) // 1024,
        len(os.listdir(f"/proc/{pid}/fd")),
        int(told["Threads"]),
        len(children),
        len(passing),
    )


class Day:
    """The people and machines around one workspace, and what they know was delivered."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.chance = random.Random(seed)
        self.rows = 0
        self.scored = 0
        self.names = 0
        self.done: Counter[str] = Counter()
        self.backup = Path()

    def open(self) -> None:
        """The first delivery and the model."""
        self.deliver()
        self.shop.settle(300.0)
        wanted = ModelDefinition(name="m", dataset="d", target="y", id="id")
        self.shop.client.ask(ModelDefine(definition=wanted))
        self.shop.settle(300.0)

    def name(self, kind: str) -> str:
        self.names += 1
        self.done[kind] += 1
        return f"{kind}{self.names}"

    def deliver(self) -> None:
        name = self.name("delivery")
        self.shop.write("inbox/d", f"{name}.csv", _table(name, _ROWS, self.chance))
        self.rows += _ROWS

    def score(self) -> None:
        """A file of rows to predict, and later their truth."""
        name = self.name("score")
        asked = self.chance.randrange(20, 60)
        self.shop.write("score/m", f"{name}.csv", _table(name, asked, self.chance, target=False))
        truth = "".join(f"{name}-{number},{self.chance.choice(['yes', 'no'])}\n" for number in range(asked))
        self.shop.write("actuals/m", f"{name}.csv", "id,y\n" + truth)
        self.scored += asked

    def train(self) -> None:
        self.done["training"] += 1
        self.shop.client.ask(ModelTrain(name="m"))

    def look(self) -> None:
        """Somebody opens the screens, goes around, and closes them or loses the connection."""
        self.done["screen"] += 1
        screen = Terminal(
            "-m", "shopfloor", "-w", str(self.shop.root), columns=self.chance.choice([80, 120]), PYTHONPATH=str(APP)
        )
        try:
            screen.until(b"\x1b[?1049h", 120.0)
            screen.quiet(within=120.0)
            for key in self.chance.sample([b"2", b"3", b"4", b"5", b"6", b"?", b"\x1b", b"j", b"\r", b"1"], 4):
                screen.press(key)
                screen.read(0.2)
            if self.chance.random() < 0.5:
                os.kill(screen.pid, signal.SIGTERM)
                screen.ended(60.0)
        finally:
            screen.close()

    def kill(self) -> None:
        self.done["kill"] += 1
        let_pass(self.chance.uniform(0, 1.5), "a day has its pauses")
        try:
            self.shop.kill()
        except ShopfloorError:
            pass  # it is about to start
        self.shop.start()

    def back_up(self) -> None:
        self.done["backup"] += 1
        self.backup = Path(self.shop.client.ask(Backup(), timeout=120.0).path)

    def restore(self) -> None:
        """The last backup; what was delivered since is delivered again by itself."""
        if not self.backup.is_file():
            self.back_up()
        self.done["restore"] += 1
        self.shop.settle(600.0)
        self.shop.close()
        restore(self.shop.root, self.backup)
        self.shop.start()

    def tidy(self) -> None:
        self.done["gc"] += 1
        self.shop.client.ask(Gc(), timeout=120.0)

    def hour(self, *, troubled: bool) -> None:
        """What happens in one; with `troubled` somebody kills and restores."""
        acts = [self.deliver, self.score, self.score, self.look, self.train, self.back_up, self.tidy]
        chosen = [self.deliver, self.score, *self.chance.choices(acts, k=4)]
        if troubled:
            chosen += self.chance.choices([self.kill, self.kill, self.restore], k=2)
        self.chance.shuffle(chosen)
        for act in chosen:
            act()
        self.shop.settle(600.0)
        self.agrees()

    def agrees(self) -> None:
        """Every row is there once, and every prediction."""
        found = self.shop.client.ask(DatasetShow(name="d"))
        assert found.rows == self.rows, self.done
        status = self.shop.status()
        assert status.predictions == self.scored, self.done
        waiting = [file for file in self.shop.client.ask(FileList(limit=10_000)).rows if file.state not in _DONE]
        assert not waiting, waiting
        assert not self.shop.client.ask(JobList(state="running")).rows


_DONE = {FileState.COMMITTED, FileState.DUPLICATE}


@pytest.mark.soak
@pytest.mark.skipif(not SOAK, reason="minutes long: make soak")
def test_a_day_of_life_leaves_nothing_behind_and_loses_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", retention__backups="3", engine__idle_worker_seconds="5.0")
    try:
        day = Day(shop, 24)
        day.open()
        began = time.monotonic()
        for _ in range(_HOURS // 3):
            day.hour(troubled=True)
        pid = shop.pid()
        held = []
        for _ in range(_HOURS - _HOURS // 3):
            day.hour(troubled=False)
            held.append(_held(shop))
        print(f"\n{time.monotonic() - began:.0f} s, {dict(day.done)}, {day.rows} rows, {day.scored} predictions")
        print(*held, sep="\n")
        assert shop.pid() == pid
        warm, late = held[len(held) // 4 : len(held) // 2], held[-len(held) // 4 :]
        assert max(one.megabytes for one in late) <= 1.1 * max(one.megabytes for one in warm) + 16
        assert max(one.handles for one in late) <= max(one.handles for one in warm) + 2
        assert max(one.threads for one in late) <= max(one.threads for one in warm) + 2
        assert max(one.files for one in late) <= max(one.files for one in warm) + 2
        assert len(set(ids(shop))) == day.rows
        assert shop.client.ask(ModelShow(name="m")).champion
        assert is_well(shop) or not {one.code for one in shop.status().engine.degraded} - {DegradedCause.CLOCK}
        report = shop.client.ask(Doctor(), timeout=300.0)
        assert report.ok, [one for one in report.findings if not one.ok]
    finally:
        shop.close()


@pytest.mark.soak
def test_a_storm_of_versions_is_learned_in_few_trainings_and_to_the_end(shop: Shop) -> None:
    day = Day(shop, 1)
    day.open()
    for number in range(times(5, 60)):
        day.deliver()
        shop.until(lambda n=number: shop.client.ask(DatasetShow(name="d")).version >= n // 2 + 1, 120.0)  # type: ignore[misc]
    shop.settle(300.0)
    newest = shop.client.ask(DatasetShow(name="d")).version
    runs = shop.client.ask(RunList(model="m")).rows
    assert max(run.dataset_version or 0 for run in runs) == newest
    assert len(runs) <= newest + 1
    assert len(shop.client.ask(JobList(kind="train")).rows) <= newest + 1
    day.agrees()
