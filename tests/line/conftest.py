"""One workspace for all stories: each has datasets and models of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.line.factory import Factory


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    factory = Factory(tmp_path_factory.mktemp("line"))
    pid = factory.open(intake__settle_seconds="0.2", engine__workers="1", serving__check_seconds="0.1")
    yield factory
    factory.close(pid)


@pytest.fixture
def factory(opened: Factory) -> Iterator[Factory]:
    yield opened
    opened.rows_add_up()
