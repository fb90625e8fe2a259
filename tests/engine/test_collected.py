"""What the engine tells of predictions that came over REST."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.event import Event
from shopfloor.engine.batch import CollectedPart, CollectOutcome
from shopfloor.engine.handlers.collect import CollectHandler
from shopfloor.store import events
from shopfloor.workspace.definitions import save_definition


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize(("rows", "said"), [(1, "1 prediction of late@2"), (2, "2 predictions of late@2")])
def test_one_prediction_is_one_prediction(works: Works, rows: int, said: str) -> None:
    save_definition(works.layout, ModelDefinition(name="late", dataset="flights", target="y"))
    at = datetime(2026, 6, 1, tzinfo=UTC)
    part = CollectedPart(
        sha256="a", path="a", model="late", model_version=2, rows=rows, segment="s", first_at=at, last_at=at
    )
    outcome = CollectOutcome(parts=(part,), offsets={})
    job: Any = None
    works.store.write(lambda transaction: CollectHandler().commit(works.context, transaction, job, outcome))
    told: list[Event] = works.store.read(lambda query: list(events.tail(query, 5)))
    assert [event.message for event in told if event.kind == "predictions.logged"] == [f"{said} over REST"]
