"""Ids sort by creation, also within a millisecond and after the clock stepped back."""

from __future__ import annotations

import time

import pytest

from shopfloor.domain.ids import ulid


def test_ids_sort_by_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [ulid() for _ in range(2000)]
    monkeypatch.setattr(time, "time", lambda: 1.0)
    made += [ulid() for _ in range(10)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(len(one) == 26 for one in made)
