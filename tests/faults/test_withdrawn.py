"""A delivery in another unit is told, held from release and withdrawn, and the engine dies at every step of that."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.errors import UnreachableError
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.alerts import AlertList
from shopfloor.domain.requests.datasets import DatasetShow, DatasetVersionShow
from shopfloor.domain.requests.files import FileList, FileWithdraw
from shopfloor.domain.requests.models import ModelDefine, ModelShow, ModelVersions
from shopfloor.domain.requests.workspace import AwaitIdle
from shopfloor.domain.trust import Trust
from tests.engine.harness import Shop
from tests.soak import SOAK


def readings(rows: int, seed: int, *, fahrenheit: bool = False) -> str:
    draw = random.Random(seed)
    lines = ["reading,temp,fails"]
    for number in range(rows):
        temp = draw.gauss(20, 6)
        fails = "yes" if temp - 20 + draw.gauss(0, 3) > 0 else "no"
        lines.append(f"{seed}-{number},{1.8 * temp + 32 if fahrenheit else temp:.3f},{fails}")
    return "\n".join([*lines, ""])


def picture(shop: Shop) -> dict[str, Any]:
    """Where the factory is: what serves, what waits, how many rows there are, what is open."""
    model = shop.client.ask(ModelShow(name="m"))
    versions = shop.client.ask(ModelVersions(name="m")).rows
    return {
        "aliases": (model.champion, model.challenger, model.previous, model.awaiting_approval, model.withdrawn_rows),
        "served": [one.artifact.sha256 for one in versions if "champion" in one.aliases],
        "rows": shop.client.ask(DatasetShow(name="d")).rows,
        "alerts": [alert.id for alert in shop.client.ask(AlertList(state="open")).rows],
    }


def dies(shop: Shop) -> bool:
    """Wait until the engine has died at its step; one that has nothing left to do before is ended, too."""
    while shop.alive():
        try:
            if shop.client.ask(AwaitIdle(wait_s=1.0), timeout=60.0).idle:
                shop.kill()
                return False
        except UnreachableError:
            shop.until(lambda: not shop.alive())
    return True


class Story:
    """One shop, and a delivery after the other whose rows are in °F; `step` is where the engine dies."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self._patch = monkeypatch
        self._number = count(2)

    def armed(self, step: str) -> None:
        """The next engine dies at `step`."""
        self.shop.kill()
        self._patch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
        self.shop.start()
        self._patch.delenv("SHOPFLOOR_FAILPOINT")

    def go_on(self) -> None:
        if not self.shop.alive():
            self.shop.start()
        self.shop.settle()

    def deliver(self, step: str = "") -> tuple[str, bool]:
        """A delivery in °F: the id of its file, and whether the engine died."""
        shop, number = self.shop, next(self._number)
        if step:
            self.armed(step)
        shop.write("inbox/d", f"{number}.csv", readings(200, number, fahrenheit=True))
        died = bool(step) and dies(shop)
        self.go_on()
        newest = shop.client.ask(DatasetVersionShow(ref="d"))
        assert newest.trust is not None
        assert newest.trust.trust is Trust.BROKEN, newest.trust
        version = shop.client.ask(ModelVersions(name="m")).rows[0]
        assert version.dataset_version == newest.version
        assert version.decision is not None
        assert [one.passed for one in version.decision.checks if one.code == "data_trust"] == [False]
        assert "champion" not in version.aliases
        assert len(shop.client.ask(AlertList(state="open")).rows) == 1
        return newest.files[0], died

    def withdraw(self, file: str, step: str = "") -> bool:
        """Take it out; whether the engine died. A request without an answer is repeated, as a client does."""
        shop, request = self.shop, FileWithdraw(id=file, op_id=f"withdraw {file}", reason="in °F")
        if step:
            self.armed(step)
        with suppress(UnreachableError):
            shop.client.ask(request)
        died = bool(step) and dies(shop)
        if not shop.alive():
            shop.start()
        shop.client.ask(request)
        self.go_on()
        return died


def steps(phase: str) -> Iterator[str]:
    """Every commit of the store after those of an engine's start, in the short form one that a phase surely has."""
    names = ("store.commit", "store.committed")
    if not SOAK:
        yield {"delivery": "store.commit:12", "withdrawal": "store.committed:7"}[phase]
        return
    yield from (f"{name}:{number}" for number in count(4) for name in names)


@pytest.mark.soak
def test_the_factory_is_where_it_would_be_had_the_delivery_never_come(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("inbox/d", "1.csv", readings(600, 1))
    shop.settle()
    training = Training(candidates=("linear",), exclude_broken=False)
    shop.client.ask(
        ModelDefine(definition=ModelDefinition(name="m", dataset="d", target="fails", id="reading", training=training))
    )
    shop.settle()
    before = picture(shop)
    assert before["aliases"] == (1, None, None, None, 0)
    story = Story(shop, monkeypatch)
    for step in steps("delivery"):
        file, died = story.deliver(step)
        story.withdraw(file)
        assert picture(shop) == before, step
        assert died or SOAK
        if not died:
            break
    for step in steps("withdrawal"):
        file, _ = story.deliver()
        died = story.withdraw(file, step)
        assert picture(shop) == before, step
        assert died or SOAK
        if not died:
            break
    told = shop.events("model.withdrawn_rows")
    versions = shop.client.ask(ModelVersions(name="m")).rows
    assert len(told) == len(versions) - 1 > 0
    assert all((one.withdrawn is None) == (one.version == 1) for one in versions)
    files = shop.client.ask(FileList()).rows
    assert sorted({file.state for file in files}) == [FileState.COMMITTED, FileState.WITHDRAWN]
