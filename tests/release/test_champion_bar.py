"""Which champions are a bar: those that do the same work with inputs that are allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shopfloor.artifacts.manifest import ArtifactManifest, FeatureField
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.release.champion_bar import no_bar

FEATURES = tuple(FeatureField(name=name, kind="number", type=ColumnType.NUMBER, optional=name == "z") for name in "xyz")
CHAMPION = ArtifactManifest(
    model="m", run="r1", dataset="old", task=Task.BINARY, metric="roc_auc", target="late", features=FEATURES,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("definition", "columns", "reason"),
    [
        ({}, "xyz", ""),
        ({}, "xyzw", ""),
        ({}, "xy", ""),  # z is optional
        ({"features": ("x",)}, "xyz", ""),  # fewer features are a choice, not a ban
        ({"exclude": ("w",)}, "xyz", ""),
        ({"exclude": ("y", "w")}, "xyz", "it uses 'y', which the definition excludes"),
        ({}, "z", "it needs 'x', 'y', which dataset new does not have"),
        ({"target": "lost"}, "xyz", "it predicts 'late', not 'lost'"),
    ],
)
def test_a_champion_is_a_bar_or_the_reason_why_not(definition: dict[str, Any], columns: str, reason: str) -> None:
    wanted = ModelDefinition(**{"name": "m", "dataset": "new", "target": "late", **definition})
    assert no_bar(CHAMPION, wanted, Task.BINARY, set(columns)) == reason


def test_a_champion_of_another_task_is_no_bar() -> None:
    wanted = ModelDefinition(name="m", dataset="new", target="late")
    assert no_bar(CHAMPION, wanted, Task.REGRESSION, set("xyz")) == "its task is binary, not regression"
