"""No row of a damaged or missing part is read, whoever asks; and no whole one is hashed twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.lake.parts import part

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import FileSpan, Part
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.stored_object import ObjectKind, StoredObject
from shopfloor.duck.sql import connect
from shopfloor.intake.merge import merge
from shopfloor.intake.overlap import overlap
from shopfloor.intake.records import StagedPart
from shopfloor.lake.objects import part_path, verify
from shopfloor.lake.preview import preview
from shopfloor.lake.profile import profile
from shopfloor.lake.records import Side
from shopfloor.lake.retype import cast_failures, has_values
from shopfloor.lake.rowdiff import RowComparison
from shopfloor.lake.sql import query
from shopfloor.lake.statistics_cache import StatisticsCache
from shopfloor.lake.table import read_batches, read_table
from shopfloor.monitoring.stored import read_inputs
from shopfloor.workspace import digests

COLUMNS = [Column(name="n", type=ColumnType.INTEGER), Column(name="s", type=ColumnType.TEXT)]
CONTRACT = Contract(name="d", columns=tuple(COLUMNS), key=("n",))


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=300, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


@pytest.fixture
def stored(tmp_path: Path) -> PartFile:
    """A part where the lake keeps it."""
    made = part(tmp_path, COLUMNS, [(number, f"s{number}") for number in range(50)])
    path = part_path(tmp_path / "objects", made.sha256)
    path.parent.mkdir(parents=True)
    os.rename(made.path, path)
    return PartFile(path=str(path), sha256=made.sha256, rows=made.rows)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _objects(stored: PartFile) -> Path:
    return Path(stored.path).parents[2]


def _held(stored: PartFile) -> Part:
    return Part(sha256=stored.sha256, rows=stored.rows, files=(FileSpan(file="f1", first=0, rows=stored.rows),))


def _incoming(stored: PartFile) -> list[StagedPart]:
    """A new part with the same rows."""
    copy = _objects(stored).parent / "incoming.parquet"
    copy.write_bytes(_WHOLE[stored.sha256])
    spans = (FileSpan(file="f2", first=0, rows=stored.rows),)
    return [StagedPart(path=str(copy), part=Part(sha256=stored.sha256, rows=stored.rows, files=spans))]


_WHOLE: dict[str, bytes] = {}

READERS: dict[str, Callable[[Any, PartFile], object]] = {
    "preview": lambda duck, stored: preview(duck, [stored], COLUMNS, 5),
    "sql": lambda duck, stored: query([stored], COLUMNS, "SELECT sum(n) FROM dataset"),
    "table": lambda duck, stored: read_table([stored], COLUMNS),
    "batches": lambda duck, stored: read_batches([stored], COLUMNS, None, 10).read_all(),
    "profile": lambda duck, stored: profile(
        duck, [stored], COLUMNS, StatisticsCache(_objects(stored) / "statistics")
    ),
    "rows that differ": lambda duck, stored: RowComparison(
        duck, Side(parts=(stored,), columns=tuple(COLUMNS)), Side(parts=(), columns=tuple(COLUMNS)), ()
    ),
    "values that do not fit a type": lambda duck, stored: cast_failures(
        duck, [stored.path], Column(name="s", type=ColumnType.INTEGER)
    ),
    "whether there are values": lambda duck, stored: has_values(duck, [stored.path], "s"),
    "a merge by key": lambda duck, stored: merge(
        duck, CONTRACT, _incoming(stored), [_held(stored)], ["f1", "f2"], (), _objects(stored), _objects(stored)
    ),
    "rows that came before": lambda duck, stored: overlap(
        duck, _incoming(stored), [_held(stored)], _objects(stored), "f2", "f1", CONTRACT
    ),
    "logged predictions": lambda duck, stored: read_inputs([stored.path], 1, (None, None)),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_takes_rows_from_a_damaged_part(duck: Any, stored: PartFile, reader: str) -> None:
    path = Path(stored.path)
    _WHOLE[stored.sha256] = path.read_bytes()
    _flip(path)
    with pytest.raises(IntegrityError) as damaged:
        READERS[reader](duck, stored)
    assert damaged.value.stored is not None
    assert damaged.value.stored.sha256 == stored.sha256
    path.unlink()
    with pytest.raises((IntegrityError, OSError)):
        READERS[reader](duck, stored)


def test_bytes_are_read_once_for_a_process_and_an_identity(stored: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    real = hashlib.file_digest

    def counted(file: Any, name: str) -> Any:
        reads.append(file.name)
        return real(file, name)

    monkeypatch.setattr(digests.hashlib, "file_digest", counted)
    for _ in range(3):
        read_table([stored], COLUMNS)
        verify(Path(stored.path), stored.sha256)
    assert len(reads) == 1
    _flip(Path(stored.path))
    with pytest.raises(IntegrityError):
        read_table([stored], COLUMNS)
    assert len(reads) == 2


def test_a_missing_part_has_an_error_of_its_own(stored: PartFile) -> None:
    Path(stored.path).unlink()
    with pytest.raises(IntegrityError) as missing:
        read_table([stored], COLUMNS)
    assert missing.value.code == "part_missing"
    assert missing.value.stored == StoredObject(kind=ObjectKind.PART, sha256=stored.sha256)


def test_a_part_that_leaves_as_a_whole_is_not_read(duck: Any, stored: PartFile) -> None:
    """The rows of a file whose part is damaged can be withdrawn, so that the file may come again."""
    _flip(Path(stored.path))
    objects = _objects(stored)
    left = merge(duck, CONTRACT, [], [_held(stored)], [], {"f1"}, objects, objects)
    assert left.kept == ()
    assert left.parts == ()
