"""Fixtures of the artifacts room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from threadpoolctl import threadpool_limits

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.definition import Task


@pytest.fixture
def manifest() -> ArtifactManifest:
    return ArtifactManifest(
        model="late",
        run="r1",
        dataset="flights",
        dataset_version=3,
        task=Task.BINARY,
        metric="roc_auc",
        target="arrived_late",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """OpenMP threads that wait for a busy core spin: with one, tests take the same time on any machine."""
    with threadpool_limits(1):
        yield
