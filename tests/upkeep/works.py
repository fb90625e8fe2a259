"""A small workspace on disk with real parts, artifacts and logs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import DatasetVersion, FileSpan, Part
from shopfloor.domain.definition import Task
from shopfloor.domain.file import FilePurpose, FileRecord, FileState
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.release import AliasChange, ModelVersion
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.intake.contract.checks import check_with_duckdb
from shopfloor.lake.objects import part_path, publish_part
from shopfloor.runtime.context import Context
from shopfloor.runtime.event_stream import EventStream
from shopfloor.serving.deployment import Deployment, write_deployment
from shopfloor.store import datasets, files, inference, models, runs
from shopfloor.store.files import Identity, LedgerRow
from shopfloor.store.store import Store
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.settings import Settings

COLUMNS = (Column(name="id", type=ColumnType.INTEGER), Column(name="city", type=ColumnType.TEXT))


class HandClock:
    """A clock that only tests move. It starts at the machine's time, as files carry that."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.ticks = 100.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def forward(self, **by: float) -> None:
        step = timedelta(**by)
        self.at += step
        self.ticks += step.total_seconds()


class Works:
    """A workspace, its store, and hands to fill it."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)
        self.layout.create()
        self.layout.settings.write_text('name = "works"\n')
        self.clock = HandClock()
        self.reopen()

    def open(self) -> Store:
        """The store."""
        return Store(
            self.layout.database, self.layout.journal, self.clock, workspace_id="w", on_commit=lambda events: None
        )

    def reopen(self) -> None:
        """Another engine's view of the workspace, with the settings that the one before had."""
        settings = self.context.settings if hasattr(self, "context") else Settings()
        self.store = self.open()
        self.context = Context(
            layout=self.layout,
            store=self.store,
            clock=self.clock,
            stream=EventStream(),
            epoch=1,
            started_at=self.clock.now(),
            check_contract=check_with_duckdb,
            settings=settings,
        )

    def part(self, table: pa.Table, files: Sequence[str] = ()) -> Part:
        """A published part."""
        staged = self.layout.staging / "part.parquet"
        parquet.write_table(table, staged)
        sha256 = hashlib.sha256(staged.read_bytes()).hexdigest()
        size = staged.stat().st_size
        publish_part(staged, sha256, self.layout.objects)
        spans = tuple(FileSpan(file=file, first=0, rows=table.num_rows) for file in files)
        return Part(sha256=sha256, rows=table.num_rows, bytes=size, files=spans)

    def part_file(self, part: Part) -> Path:
        return part_path(self.layout.objects, part.sha256)

    def deliver(self, dataset: str, state: FileState = FileState.COMMITTED, **fields: Any) -> str:
        def put(transaction: Transaction) -> str:
            id, number = transaction.next_id("f")
            file = FileRecord(
                id=id,
                dataset=dataset,
                path=fields.pop("path", f"inbox/{dataset}/{id}.csv"),
                purpose=fields.pop("purpose", FilePurpose.DATA),
                sha256=fields.pop("sha256", hashlib.sha256(id.encode()).hexdigest()),
                bytes=10,
                state=state,
                version=fields.pop("version", 1 if state is FileState.COMMITTED else None),
                seen_at=transaction.now,
                committed_at=transaction.now if state is FileState.COMMITTED else None,
            )
            raw_path = fields.pop("raw_path", file.path.encode())
            identity = Identity(raw_path=raw_path, dev=1, ino=number, size=10, mtime_ns=0, ctime_ns=0)
            files.put(transaction, LedgerRow(file=file, number=number, identity=identity, **fields))
            return id

        return self.store.write(put)

    def commit(
        self,
        dataset: str,
        parts: Sequence[Part],
        columns: Sequence[Column] = COLUMNS,
        delivered: Sequence[str] = (),
        digest: str = "d",
        added: int = 0,
    ) -> int:
        """The next version consists of `parts`, which bring so many rows."""

        def put(transaction: Transaction) -> int:
            datasets.define(transaction, dataset, "append")
            number = datasets.current_version(transaction, dataset) + 1
            version = DatasetVersion(
                dataset=dataset,
                version=number,
                digest=digest,
                rows=sum(part.rows for part in parts),
                added_rows=added,
                columns=tuple(columns),
                parts=tuple(parts),
                files=tuple(delivered),
                created_at=transaction.now,
            )
            previous = datasets.parts(transaction, dataset, number - 1)
            datasets.commit_version(transaction, version, "append", previous=previous)
            transaction.emit("dataset.committed", dataset, "", data={})
            return number

        return self.store.write(put)

    def flights(self, *cities: str) -> Part:
        """A part with an id and a city a row."""
        return self.part(pa.table({"id": range(len(cities)), "city": list(cities)}))

    def artifact(self, model: str, value: object = 1) -> ArtifactFile:
        """A signed and published artifact."""
        key = load_or_create_key(self.layout.signing_key)
        staged = self.layout.staging / "artifact"
        manifest = ArtifactManifest(
            model=model,
            run="r1",
            dataset="flights",
            task=Task.BINARY,
            metric="roc_auc",
            target="late",
            created_at=self.clock.now(),
        )
        ref = bundle.stage({"model": model, "value": value}, manifest, staged, key)
        path = bundle.publish(staged, self.layout.objects)
        return ArtifactFile(path=str(path), sha256=ref.sha256, model=model, version=1)

    def release(self, model: str, value: object = 1, *, champion: bool = True) -> ArtifactFile:
        """A run, its version, and the champion's alias with its deployment file."""
        artifact = self.artifact(model, value)

        def put(transaction: Transaction) -> int:
            ref = bundle.ArtifactRef(sha256=artifact.sha256, bytes=1)
            run = runs.create(transaction, RunRecord(id="", model=model, state=RunState.SUCCEEDED, artifact=ref))
            number = models.next_version(transaction, model)
            version = ModelVersion(
                model=model, version=number, run=run.id, dataset_version=1, artifact=ref, created_at=transaction.now
            )
            models.put_version(transaction, version)
            models.put_state(transaction, models.ModelState(name=model))
            if champion:
                held = models.aliases(transaction, model).get("champion")
                change = AliasChange(model=model, alias="champion", version=number, previous=held, at=transaction.now)
                models.move_alias(transaction, change)
            return number

        number = self.store.write(put)
        if champion:
            deployment = Deployment(model=model, version=number, artifact=artifact, updated_at=self.clock.now())
            write_deployment(self.layout.serving, deployment)
        return artifact

    def log(self, model: str, kind: str, table: pa.Table, version: int | None = 1, source: str = "batch") -> Path:
        """A registered part of the inference log."""
        folder = self.layout.inference / model / ("actuals" if kind == "actuals" else "")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = folder / "new.parquet"
        parquet.write_table(table, beside)
        sha256 = hashlib.sha256(beside.read_bytes()).hexdigest()
        path = folder / f"{sha256}.parquet"
        beside.rename(path)
        part = inference.InferencePart(
            sha256=sha256,
            model=model,
            kind=kind,
            path=self.layout.relative(path),
            model_version=version,
            rows=table.num_rows,
            source=source,
            origin="j1",
        )
        self.store.write(lambda transaction: inference.put(transaction, part))
        return path


def age(path: Path, seconds: float) -> None:
    """Make `path` and all below it look older."""
    for found in (path, *path.rglob("*")) if path.is_dir() else (path,):
        at = found.lstat().st_mtime - seconds
        os.utime(found, (at, at), follow_symlinks=False)
