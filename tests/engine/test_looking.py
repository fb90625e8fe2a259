"""Workers that look into parts stay within their bounds and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from tests.upkeep.works import Works

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import RefusedError
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sandbox import Sandbox
from shopfloor.lake.records import DiffSpec, Side
from shopfloor.lake.tasks import compare_versions

COLUMNS = (Column(name="id", type=ColumnType.INTEGER), Column(name="word", type=ColumnType.TEXT))


def side(works: Works, rows: int, word: str) -> Side:
    table = pa.table({"id": range(rows), "word": [f"{word} {n}" + "x" * 200 for n in range(rows)]})
    part = works.part(table)
    file = PartFile(path=str(works.part_file(part)), sha256=part.sha256, rows=rows)
    return Side(parts=(file,), columns=COLUMNS)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def test_what_does_not_fit_is_refused_in_words(works: Works) -> None:
    sandbox = Sandbox(scratch=str(works.layout.staging / "look-1"), memory_mb=24)
    cache = str(works.layout.statistics)
    spec = DiffSpec(
        sandbox=sandbox,
        cache=cache,
        left=side(works, 200_000, "a"),
        right=side(works, 200_000, "b"),
        rows=True,
        key=("id",),
        limit=1,
    )
    with pytest.raises(RefusedError, match="needs more than 24 MB"):
        compare_versions(spec, lambda fraction, stage: None)
    assert not Path(sandbox.scratch).exists()


def test_what_does_not_fit_into_memory_goes_to_disk(works: Works) -> None:
    sandbox = Sandbox(scratch=str(works.layout.staging / "look-1"), memory_mb=96)
    cache = str(works.layout.statistics)
    left, right = side(works, 200_000, "a"), side(works, 200_001, "a")
    found = compare_versions(
        DiffSpec(sandbox=sandbox, cache=cache, left=left, right=right, rows=True, limit=1), lambda fraction, stage: None
    ).rows
    assert found is not None
    assert (found.added, found.removed, found.unchanged, len(found.examples)) == (1, 0, 200_000, 1)
    assert not Path(sandbox.scratch).exists()
