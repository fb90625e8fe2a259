"""A watch over real folders and a real store, in this process: a test says when it looks, and when it dies."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow.parquet as parquet
from tests.upkeep.works import Works

from shopfloor.arrival.watch import Watch
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.status import FileCounts
from shopfloor.engine.lifecycle import _sweep_staging
from shopfloor.intake.contract import live
from shopfloor.intake.ingest import ingest
from shopfloor.intake.job import IntakeHandler
from shopfloor.lake.objects import part_path
from shopfloor.store import datasets, files, jobs


class NoFloor:
    """Workers that are never needed."""

    def warm(self) -> None:
        pass


class Yard:
    """Drop folders, the watch over them, and a clock that only the test moves."""

    def __init__(self, root: Path) -> None:
        self.works = Works(root)
        self.context = self.works.context
        self.clock = self.works.clock
        self.inbox = self.works.layout.inbox
        self.watch = self.open()

    def open(self) -> Watch:
        """An engine's watch, as at its start."""
        watch = Watch(self.context, cast(Any, NoFloor()), lambda found: found, partial(live.problem, self.context))
        watch._memory.load()
        return watch

    def restart(self) -> None:
        """The engine ends, and another opens the workspace."""
        self.watch._copies.close()
        self.watch._watcher.close()
        self.works.store.close()
        self.works.reopen()
        self.context = self.works.context
        _sweep_staging(self.context)
        self.watch = self.open()

    def set(self, **intake: Any) -> None:
        changed = msgspec.structs.replace(self.context.settings.intake, **intake)
        self.context.settings = msgspec.structs.replace(self.context.settings, intake=changed)

    def drop(self, path: str, content: str | bytes = "a\n1\n") -> Path:
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def scan(self, *, seconds: float = 0.0) -> None:
        """A look `seconds` later."""
        self.clock.forward(seconds=seconds)
        self.watch._scan()
        while self.watch._copies.rest():
            self.watch._scan()

    def settle(self) -> None:
        """Two looks, a quiet time apart, and one more for those that were waited for."""
        self.scan()
        self.scan(seconds=7.0)
        self.scan(seconds=7.0)

    def files(self) -> dict[str, FileRecord]:
        """The newest record of every path, without `inbox/`."""
        found = self.context.store.read(
            lambda query: files.listing(query, dataset="", state="", purpose="", text="", limit=100_000, offset=0)
        )
        return {one.path.removeprefix("inbox/"): one for one in reversed(found.rows)}

    def states(self) -> dict[str, FileState]:
        return {path: one.state for path, one in self.files().items()}

    def counts(self) -> FileCounts:
        found = self.context.store.read(files.counts)
        assert found.seen == found.committed + found.duplicate + found.quarantined + found.refused + found.waiting
        return found

    def queued(self) -> list[JobRecord]:
        return [job for job in self.context.store.read(jobs.queued) if job.kind is JobKind.INTAKE]

    def work(self) -> None:
        """Do all queued intake jobs here, as a slot and its worker do."""
        for job in self.queued():
            self._do(job)

    def _do(self, job: JobRecord) -> None:
        handler = IntakeHandler()
        task = handler.prepare(self.context, job)
        ended = msgspec.structs.replace(job, state=JobState.SUCCEEDED)
        if task is None:
            self.context.store.write(lambda transaction: jobs.put(transaction, ended))
            return
        result = ingest(task.spec, lambda share, stage: None)
        published = handler.publish(self.context, job, msgspec.to_builtins(result))

        def commit(transaction: Any) -> None:
            handler.commit(self.context, transaction, job, published)
            jobs.put(transaction, ended)

        self.context.store.write(commit)
        handler.settle(self.context, job, published)

    def ids(self, dataset: str = "d", column: str = "id") -> Counter[str]:
        """How often each value is in the newest version."""
        store = self.context.store
        newest = store.read(lambda query: datasets.current_version(query, dataset))
        parts = store.read(lambda query: datasets.parts(query, dataset, newest))
        found: Counter[str] = Counter()
        for part in parts:
            table = parquet.read_table(part_path(self.works.layout.objects, part.sha256), columns=[column])
            found.update(map(str, table.column(column).to_pylist()))
        return found

    def close(self) -> None:
        self.watch._copies.close()
        self.watch._watcher.close()
        self.works.store.close()
