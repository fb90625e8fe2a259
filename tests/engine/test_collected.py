"""What the engine tells of predictions that came over REST."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.event import Event
from shopfloor.domain.handles import PartFile
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.serving.collect_job import CollectHandler
from shopfloor.serving.records import CollectedPart, CollectOutcome
from shopfloor.statistics import metrics
from shopfloor.store import events
from shopfloor.workspace.definitions import save_definition


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize(("rows", "said"), [(1, "1 prediction of late@2"), (2, "2 predictions of late@2")])
def test_one_prediction_is_one_prediction(works: Works, rows: int, said: str) -> None:
    assert _told(works, (_part("late", 2, rows),)) == [f"{said} over REST"]


def test_each_version_is_told_its_own_predictions(works: Works) -> None:
    parts = (_part("late", 2, 3), _part("late", 1, 1), _part("late", 2, 4))
    assert sorted(_told(works, parts)) == ["1 prediction of late@1 over REST", "7 predictions of late@2 over REST"]


def _part(model: str, version: int, rows: int) -> CollectedPart:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    name = f"{model}-{version}-{rows}"
    return CollectedPart(
        model=model,
        model_version=version,
        file=PartFile(path=name, sha256=name, rows=rows),
        segment="s",
        first_at=at,
        last_at=at,
    )


def _told(works: Works, parts: tuple[CollectedPart, ...]) -> list[str]:
    save_definition(works.layout, ModelDefinition(name="late", dataset="flights", target="y"), metrics.find)
    outcome = CollectOutcome(parts=parts, offsets={})
    job = JobRecord(id="j1", kind=JobKind.COLLECT, subject="serving", created_at=datetime(2026, 6, 1, tzinfo=UTC))
    works.store.write(lambda transaction: CollectHandler().commit(works.context, transaction, job, outcome))
    told: list[Event] = works.store.read(lambda query: list(events.tail(query, 5)))
    return [event.message for event in told if event.kind == "predictions.logged"]
