"""Deliveries into a scratch workspace, with one warm DuckDB connection for all tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shopfloor.domain.contract import Contract
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import connect
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.ingest import ingest
from shopfloor.intake.records import IntakeResult, IntakeSpec
from shopfloor.lake.frame import read_parts
from shopfloor.lake.objects import publish_part


@pytest.fixture(scope="session")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=400, threads=2, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


class Bench:
    """Stages files, runs `ingest`, publishes parts and reads them back."""

    def __init__(self, root: Path, connection: Any) -> None:
        self.root = root
        self.objects = root / "objects"
        self.connection = connection
        self._jobs = 0

    def stage(self, name: str, data: bytes | str, **more: Any) -> StagedFile:
        raw = data.encode() if isinstance(data, str) else data
        self._jobs += 1
        path = self.root / "claimed" / f"{self._jobs}.part"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(raw)
        return StagedFile(
            id=more.pop("id", name),
            path=str(path),
            original_name=name,
            sha256=hashlib.sha256(raw).hexdigest(),
            bytes=len(raw),
            **more,
        )

    def ingest(
        self,
        files: dict[str, bytes | str] | list[StagedFile],
        contract: Contract | None = None,
        **more: Any,
    ) -> IntakeResult:
        staged = [self.stage(name, data) for name, data in files.items()] if isinstance(files, dict) else files
        self._jobs += 1
        spec = IntakeSpec(
            dataset="d",
            files=tuple(staged),
            contract=contract,
            staging=str(self.root / f"job{self._jobs}"),
            objects=str(self.objects),
            **more,
        )
        return ingest(spec, lambda share, stage: None, self.connection)

    def parts(self, result: IntakeResult) -> list[PartFile]:
        """Publish the result's parts and return all parts of the next version, kept ones first."""
        from shopfloor.lake.objects import part_path

        found = [
            PartFile(path=str(part_path(self.objects, part.sha256)), sha256=part.sha256, rows=part.rows)
            for part in result.kept
        ]
        for staged in result.parts:
            path = publish_part(Path(staged.path), staged.part.sha256, self.objects)
            found.append(PartFile(path=str(path), sha256=staged.part.sha256, rows=staged.part.rows))
        return found

    def frame(self, result: IntakeResult) -> Any:
        return read_parts(self.parts(result), result.columns)


@pytest.fixture
def bench(tmp_path: Path, connection: Any) -> Bench:
    return Bench(tmp_path, connection)


@pytest.fixture(scope="session")
def make_bench(tmp_path_factory: pytest.TempPathFactory, connection: Any) -> Callable[[], Bench]:
    """A new bench for each example of Hypothesis."""
    return lambda: Bench(tmp_path_factory.mktemp("bench"), connection)
