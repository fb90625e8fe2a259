"""Which tests have spent of the error that the next one of a champion may use."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.upkeep.works import Works

from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.release import Decision, ModelVersion, Outcome
from shopfloor.domain.run import ArtifactRef
from shopfloor.release.releasing import earlier_tests
from shopfloor.store import models
from shopfloor.store.rows import Query

_INTERVAL = (-0.01, 0.02)


def _version(number: int, decision: Decision) -> ModelVersion:
    return ModelVersion(
        model="m",
        version=number,
        run=f"r{number}",
        dataset_version=number,
        artifact=ArtifactRef(sha256=f"{number:064d}", bytes=1),
        decision=decision,
        created_at=datetime(2026, 1, number, tzinfo=UTC),
    )


def test_a_recipe_keeps_what_was_spent_against_it_and_nothing_else(tmp_path: Path) -> None:
    """The first model's own test against a constant is none of the champion's; its refreshes reset nothing."""
    decided = [
        Decision(outcome=Outcome.PROMOTE, reason="first", interval=_INTERVAL),
        Decision(outcome=Outcome.HOLD, reason="no better", champion=1, interval=_INTERVAL),
        Decision(outcome=Outcome.PROMOTE, reason="newest rows", champion=1, refreshes=1),
        Decision(outcome=Outcome.PROMOTE, reason="newest rows", champion=3, refreshes=3, tested=True),
        Decision(outcome=Outcome.PROMOTE, reason="better", champion=4, interval=_INTERVAL),
    ]
    works = Works(tmp_path)
    for number, decision in enumerate(decided, 1):
        works.store.write(partial(models.put_version, version=_version(number, decision)))
    found = {number: works.store.read(partial(_spent, champion=number)) for number in (0, 1, 3, 4, 5)}
    assert found == {0: (1,), 1: (2,), 3: (2, 4), 4: (2, 4, 5), 5: ()}


def _spent(query: Query, champion: int) -> tuple[int, ...]:
    artifact = ArtifactFile(path="", sha256="", model="m", version=champion) if champion else None
    return earlier_tests(query, "m", artifact)
