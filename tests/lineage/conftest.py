from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lineage.factory import Factory


@pytest.fixture
def factory() -> Iterator[Factory]:
    made = Factory()
    yield made
    made.connection.close()
