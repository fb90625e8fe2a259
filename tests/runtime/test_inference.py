"""Parts of the inference log are published like all parts: checked, synced, the same when done twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.upkeep.works import Works

from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import PartFile
from shopfloor.runtime.inference import Origin, publish, register
from shopfloor.store import inference
from shopfloor.store.inference import LogKind
from shopfloor.workspace import durable

DATA = b"PAR1 rows PAR1"
SHA = hashlib.sha256(DATA).hexdigest()
KINDS = pytest.mark.parametrize("kind", LogKind)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.store.close()


def staged(works: Works, data: bytes = DATA) -> PartFile:
    path = works.layout.staging / "part.parquet"
    path.write_bytes(data)
    return PartFile(path=str(path), sha256=SHA, rows=3)


def parts(works: Works, kind: LogKind) -> list[Path]:
    return [works.layout.root / part.path for part in works.store.read(lambda q: inference.parts(q, "late", kind))]


@KINDS
def test_a_part_lies_where_the_store_says_and_is_registered_once(works: Works, kind: LogKind) -> None:
    part, origin = staged(works), Origin("batch", "j1")
    publish(works.context, "late", kind, part)
    publish(works.context, "late", kind, part)  # a retry finds the staged file gone
    new = [
        works.store.write(lambda transaction: register(works.context, transaction, "late", kind, part, origin))
        for _ in range(2)
    ]
    assert new == [True, False]
    (path,) = parts(works, kind)
    assert path.read_bytes() == DATA
    assert [part for other in LogKind if other is not kind for part in parts(works, other)] == []


@KINDS
@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"rotten"), lambda path: path.unlink()])
def test_what_is_not_what_was_written_is_not_published(works: Works, kind: LogKind, change: Any) -> None:
    part = staged(works)
    change(Path(part.path))
    with pytest.raises(IntegrityError):
        publish(works.context, "late", kind, part)
    assert not list(works.layout.inference.rglob("*.parquet"))


@KINDS
def test_bytes_last_before_their_name_does(works: Works, kind: LogKind, monkeypatch: pytest.MonkeyPatch) -> None:
    part, steps = staged(works), []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def fsync(self, descriptor: int) -> None:
            steps.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
            os.fsync(descriptor)

        def replace(self, source: Path, target: Path) -> None:
            steps.append("rename")
            os.replace(source, target)

    monkeypatch.setattr(durable, "os", Spy())
    publish(works.context, "late", kind, part)
    at = steps.index("rename")
    assert steps[at - 1 : at + 2] == ["part.parquet", "rename", "late" if kind is LogKind.PREDICTIONS else kind.value]
