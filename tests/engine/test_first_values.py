"""Over a running engine: a column without a value has no type until the first one comes."""

from __future__ import annotations

import pytest
from tests.engine.harness import Shop

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import UsageError
from shopfloor.domain.requests.datasets import DatasetContract, DatasetPreviewShow, DatasetRevisions, DatasetVersionShow
from shopfloor.domain.requests.models import ModelDefine


def test_the_first_value_pins_the_type(shop: Shop) -> None:
    shop.write("inbox/d", "a.csv", "order,rebate,paid_on\n" + "".join(f"{n},,\n" for n in range(20)))
    shop.settle()
    toml = shop.root / "datasets" / "d.toml"
    assert 'rebate = "unknown"' in toml.read_text()
    for key in ("target", "time"):
        model = ModelDefinition(name="m", dataset="d", **({"target": "order"} | {key: "rebate"}))
        with pytest.raises(UsageError, match="no values in d yet"):
            shop.client.ask(ModelDefine(definition=model))
    shop.write("inbox/d", "b.csv", "order,rebate,paid_on\n20,5.0,2026-02-21\n21,5.25,2026-02-22\n")
    shop.settle()
    contract = shop.client.ask(DatasetContract(name="d"))
    assert [column.type for column in contract.columns] == [ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DATE]
    assert 'rebate = "number"' in toml.read_text()
    newest = shop.client.ask(DatasetVersionShow(ref="d"))
    assert any("'rebate' is number from now on" in notice for notice in newest.notices)
    (revision, _) = shop.client.ask(DatasetRevisions(name="d")).rows
    assert "rebate.type: unknown -> number" in revision.changes
    rows = shop.client.ask(DatasetPreviewShow(ref="d", limit=30)).rows
    assert [row[1] for row in rows if row[1]] == ["5.0", "5.25"]
