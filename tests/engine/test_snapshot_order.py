"""A snapshot that is older than the one in place is held, not taken."""

from __future__ import annotations

import os

import pytest
from tests.engine.harness import Shop

from shopfloor.domain.contract import Mode
from shopfloor.domain.file import FileState
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetVersionShow
from shopfloor.domain.requests.files import FileAccept, FileList


@pytest.mark.parametrize(
    ("newer", "older", "why"),
    [
        ("inbox/d/all-2026-02-01.csv", "inbox/d/all-2026-01-01.csv", "of 2026-01-01"),
        ("inbox/d/day=2026-02-01/all.csv", "inbox/d/day=2026-01-01/all.csv", "of 2026-01-01"),
        ("inbox/d/b.csv", "inbox/d/a.csv", "is older than 'b.csv'"),
    ],
)
def test_an_older_snapshot_is_held(shop: Shop, newer: str, older: str, why: str) -> None:
    shop.client.ask(DatasetDefine(name="d", mode=Mode.SNAPSHOT))
    shop.write(*newer.rsplit("/", 1), "id,v\n1,new\n")
    shop.settle()
    partial = shop.root / "old.csv"
    partial.write_text("id,v\n1,old\n2,old\n")
    os.utime(partial, (1_700_000_000, 1_700_000_000))
    (shop.root / older).parent.mkdir(parents=True, exist_ok=True)
    partial.rename(shop.root / older)
    shop.settle()
    [held] = shop.client.ask(FileList(dataset="d", state=FileState.QUARANTINED)).rows
    assert held.reason is not None
    assert held.reason.code == "older_snapshot"
    assert why in held.reason.message
    assert f"shopfloor file accept {held.id}" in held.reason.hint
    assert shop.client.ask(DatasetVersionShow(ref="d")).rows == 1
    shop.client.ask(FileAccept(id=held.id))
    shop.settle()
    assert shop.client.ask(DatasetVersionShow(ref="d")).rows == 2


def test_a_newer_snapshot_replaces_an_older_one(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="d", mode=Mode.SNAPSHOT))
    for day in ("01", "02"):
        shop.write("inbox/d", f"all_202601{day}.csv", f"id,v\n1,{day}\n")
        shop.settle()
    assert shop.client.ask(DatasetVersionShow(ref="d")).version == 2
