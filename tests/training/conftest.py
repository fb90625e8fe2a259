"""Fixtures of the training station."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """OpenMP threads that wait for a busy core spin: with one, tests take the same time on any machine."""
    with threadpool_limits(1):
        yield
