"""A store in a scratch folder."""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.domain.clock import SystemClock
from shopfloor.domain.event import Event
from shopfloor.domain.job import JobKind
from shopfloor.store import jobs
from shopfloor.store.store import Store

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'app'}:{ROOT}"}


def open_store(folder: Path, heard: list[Event] | None = None) -> Store:
    (folder / "journal").mkdir(exist_ok=True)
    sink = heard if heard is not None else []
    return Store(folder / "m.duckdb", folder / "journal", SystemClock(), workspace_id="w", on_commit=sink.extend)


def enqueue(store: Store, subject: str = "m", **extra: object) -> str:
    return store.write(
        lambda tx: jobs.enqueue(tx, JobKind.TRAIN, subject, payload={}, trigger="test", **extra)  # type: ignore[arg-type]
    ).id
