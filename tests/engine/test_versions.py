"""Versions end to end: profile, diff, rollback, and what follows from going back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.harness import Shop

from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import ColumnChange
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.datasets import (
    DatasetDefine,
    DatasetDiff,
    DatasetFilesShow,
    DatasetProfileShow,
    DatasetRollback,
    DatasetVersions,
    DatasetVersionShow,
)
from shopfloor.domain.requests.workspace import LineageShow, SqlQuery
from shopfloor.workspace.accounts import own_name


def deliver(shop: Shop, name: str, text: str, dataset: str = "plans") -> None:
    shop.write(f"inbox/{dataset}", name, text)
    shop.settle()


def test_a_profile_reads_new_parts_only_and_a_diff_the_parts_that_differ(shop: Shop) -> None:
    deliver(shop, "a.csv", "id,plan,amount\n1,basic,10\n2,plus,20\n")
    assert shop.client.ask(DatasetProfileShow(ref="plans@1"), timeout=60.0).parts_read == 1
    deliver(shop, "b.csv", "id,plan,amount,late\n3,plus,30,1\n4,pro,,0\n")
    found = shop.client.ask(DatasetProfileShow(ref="plans@2"), timeout=60.0)
    assert (found.parts, found.parts_read, found.rows) == (2, 1, 4)
    assert [(each.name, each.missing, each.distinct) for each in found.columns] == [
        ("id", 0, 4), ("plan", 0, 3), ("amount", 1, 3), ("late", 2, 2),
    ]  # fmt: skip
    folder = shop.root / ".shopfloor" / "objects" / "statistics"
    assert len(list(folder.rglob("*.statistics"))) == 2
    diff = shop.client.ask(DatasetDiff(left="plans@1", right="plans@2"), timeout=60.0)
    assert (diff.added_rows, diff.removed_rows, diff.added_columns, diff.row_diff) == (2, 0, ("late",), None)
    assert [each.change for each in diff.columns] == [ColumnChange.SAME] * 3 + [ColumnChange.ADDED]
    rows = shop.client.ask(DatasetDiff(left="plans@1", right="plans@2", rows=True, key=("id",)), timeout=60.0).row_diff
    assert rows is not None
    assert (rows.added, rows.removed, rows.changed, rows.unchanged, rows.parts_read) == (2, 0, 0, 2, 1)
    with pytest.raises(UsageError, match="need a column 'nr'"):
        shop.client.ask(DatasetDiff(left="plans@1", right="plans@2", rows=True, key=("nr",)), timeout=60.0)
    assert not list((shop.root / ".shopfloor" / "staging").glob("look-*"))


def test_upsert_shows_old_and_new_values_by_the_contracts_key(shop: Shop) -> None:
    shop.client.ask(DatasetDefine(name="plans", mode=Mode.UPSERT, key=("id",)))
    deliver(shop, "a.csv", "id,plan\n1,basic\n2,plus\n3,pro\n")
    deliver(shop, "b.csv", "id,plan\n2,pro\n4,basic\n")
    diff = shop.client.ask(DatasetDiff(left="plans@1", right="plans@2", rows=True), timeout=60.0)
    rows = diff.row_diff
    assert rows is not None
    assert (rows.key, rows.added, rows.removed, rows.changed, rows.unchanged) == (("id",), 1, 0, 1, 2)
    changed = next(each for each in rows.examples if each.change == "changed")
    assert (changed.key, changed.old, changed.new) == ({"id": "2"}, {"plan": "plus"}, {"plan": "pro"})
    assert {each.name: each.changed_rows for each in diff.columns} == {"id": 0, "plan": 1}


def test_going_back_is_a_new_version_with_the_old_content(shop: Shop) -> None:
    deliver(shop, "a.csv", "id,plan\n1,basic\n2,plus\n")
    deliver(shop, "b.csv", "id,plan\n3,broken\n")
    order = DatasetRollback(ref="plans@1", reason="b.csv was a test", op_id="01JROLLBACK")
    first, again = shop.client.ask(order), shop.client.ask(order)
    assert first == again
    assert (first.version, first.rows, first.added_rows) == (3, 2, -1)
    assert first.cause == f"rollback to plans@1 by {own_name()}: b.csv was a test"
    old = shop.client.ask(DatasetVersionShow(ref="plans@1"))
    stored = shop.client.ask(DatasetVersionShow(ref="plans@3"))
    assert (stored.digest, stored.parts) == (old.digest, old.parts)
    assert len(shop.client.ask(DatasetVersions(name="plans")).rows) == 3
    event = shop.events("dataset.committed")[-1]
    assert (event.actor, event.data["restored"]) == (own_name(), 1)
    for fulfilled in ("plans@3", "plans@1"):
        assert shop.client.ask(DatasetRollback(ref=fulfilled)) == stored
    assert len(shop.client.ask(DatasetVersions(name="plans")).rows) == 3
    graph = shop.client.ask(LineageShow(ref="plans@3", direction="up"))
    assert any("a.csv" in node.label for node in graph.nodes)
    deliver(shop, "c.csv", "id,plan\n4,pro\n")
    assert shop.client.ask(DatasetVersionShow(ref="plans")).rows == 3
    forward = shop.client.ask(DatasetRollback(ref="plans@2"))
    assert (forward.version, forward.rows) == (5, 3)


def test_versions_are_views_for_sql(shop: Shop) -> None:
    deliver(shop, "a.csv", "id,plan\n1,basic\n")
    deliver(shop, "b.csv", "id,plan,late\n2,plus,7\n")
    answer = shop.client.ask(
        SqlQuery(statement='SELECT (SELECT count(*) FROM "plans@1"), count(*), sum(late) FROM "plans@2"', limit=5),
        timeout=60.0,
    )
    assert answer.rows == ((1, 2, 7),)
    files = shop.client.ask(DatasetFilesShow(ref="plans@2"))
    assert all(Path(each.path).is_file() for each in files.parts)
