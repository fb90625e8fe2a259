"""A derived dataset under kills: each result is in once, whenever the engine dies."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.harness import Shop

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import DatasetRecord
from shopfloor.domain.file import Derivation, FileState
from shopfloor.domain.job import JobState
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetShow
from shopfloor.domain.requests.files import FileList
from shopfloor.domain.requests.jobs import JobList

_STEPS = ("derive.synced", "derive.published", *(f"store.commit:{number}" for number in (11, 13, 14, 15, 16)))
"""Commits: of the first delivery, then of the query's job and of the intake of its result."""


def _define(shop: Shop) -> Contract:
    return shop.client.ask(DatasetDefine(name="doubled", query="SELECT id, 2 * x AS y FROM d"))


def _made(shop: Shop) -> DatasetRecord:
    return shop.client.ask(DatasetShow(name="doubled"))


@pytest.mark.parametrize("step", _STEPS)
def test_a_kill_at_any_step_converges(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path / "shop")
    try:
        _define(shop)
        shop.settle()
        shop.close()
        monkeypatch.setenv("SHOPFLOOR_FAILPOINT", f"{step}:kill")
        shop.start()
        shop.write("inbox/d", "a.csv", "id,x\n1,10\n2,20\n")
        shop.until(lambda: not shop.alive())
        monkeypatch.delenv("SHOPFLOOR_FAILPOINT")
        shop.start()
        shop.settle()
        found = _made(shop)
        assert (found.version, found.rows, [one.ref for one in found.inputs]) == (1, 2, ["d@1"])
        shop.write("inbox/d", "b.csv", "id,x\n3,30\n")
        shop.settle()
        found = _made(shop)
        assert (found.version, found.rows, [one.ref for one in found.inputs]) == (2, 3, ["d@2"])
        files = shop.client.ask(FileList(dataset="doubled")).rows
        assert [(file.state, file.derived) for file in files] == [
            (FileState.COMMITTED, Derivation.ADDED),
            (FileState.COMMITTED, Derivation.WHOLE),
        ]
        assert all(job.state is JobState.SUCCEEDED for job in shop.client.ask(JobList()).rows)
        assert list((shop.root / ".shopfloor/staging").iterdir()) == []
    finally:
        shop.close()
