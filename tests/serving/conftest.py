"""Fixtures of the serving tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.serving import builders
from tests.serving.running import Running, running

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.workspace.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return builders.workspace(tmp_path / "w")


@pytest.fixture(scope="session")
def classifier() -> FittedModel:
    return builders.classifier()


@pytest.fixture(scope="session")
def other_classifier() -> FittedModel:
    return builders.classifier(seed=5)


@pytest.fixture(scope="session")
def regressor() -> FittedModel:
    return builders.regressor()


@pytest.fixture(scope="session")
def family() -> FittedFamily:
    return builders.family()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    classifier: FittedModel,
    regressor: FittedModel,
    family: FittedFamily,
) -> Iterator[Running]:
    """One server for all tests that do not stop it."""
    layout = builders.workspace(tmp_path_factory.mktemp("served") / "w")
    for model in (classifier, regressor, family, builders.pinned()):
        builders.deploy(layout, model)
    with running(layout) as found:
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client() as found:
        yield found
