"""A copy of an id never trains twice: the newest row counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shopfloor.artifacts.table import NO_TIME
from shopfloor.domain.definition import ModelDefinition
from shopfloor.training.repeated_ids import newest_only

FRAME = pd.DataFrame({"id": ["a", "b", "a", None, None, "c", "a", "b"], "at": range(8)}, dtype=object)


def kept(moments: list[int] | None = None, usable: list[int] | None = None, **roles: Any) -> tuple[list[int], str]:
    mask = np.ones(len(FRAME), dtype=bool) if usable is None else np.isin(np.arange(len(FRAME)), usable)
    times = np.full(len(FRAME), NO_TIME) if moments is None else np.array(moments)
    definition = ModelDefinition(name="m", dataset="d", target="y", **roles)
    found, notes = newest_only(FRAME, times, mask, definition)
    return np.flatnonzero(found).tolist(), " ".join(notes)


@pytest.mark.parametrize(
    ("moments", "usable", "roles", "rows", "note"),
    [
        (None, None, {"id": "id"}, [3, 4, 5, 6, 7], "3 rows repeat the id of another row"),
        # The newest that can be learned from: a copy without its label takes nothing away.
        (None, [0, 1, 2, 3], {"id": "id"}, [1, 2, 3], "1 row repeats the id of another row"),
        # Customers month after month are not copies; the same customer of the same month is.
        ([1, 1, 2, 3, 3, 1, 2, 3], None, {"id": "id", "time": "at"}, [0, 1, 3, 4, 5, 6, 7], "1 row repeats the id and"),
        (None, None, {}, list(range(8)), ""),
        (None, [0, 1, 5], {"id": "id"}, [0, 1, 5], ""),
    ],
)  # fmt: skip
def test_the_newest_of_each_id_is_learned_from(
    moments: list[int] | None, usable: list[int] | None, roles: dict[str, str], rows: list[int], note: str
) -> None:
    found, told = kept(moments, usable, **roles)
    assert found == rows
    assert told.startswith(note)
    assert bool(told) is bool(note)
