from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.upkeep.works import Works


@pytest.fixture(autouse=True)
def _private() -> Iterator[None]:
    """The engine's umask: what it makes is its own."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()
