"""Runs that notebooks and scripts record: what their logs say becomes runs, each entry once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.recording import RunEnding, RunEntry, RunOpening
from shopfloor.domain.run import MetricValue, RunRecord, RunState, measured
from shopfloor.domain.text import safe
from shopfloor.store import runs
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction


class RecordedRuns(NamedTuple):
    """What some entries did: runs that they opened and ended, and entries about runs that nobody opened."""

    opened: list[RunRecord]
    ended: list[RunRecord]
    strays: int


@dataclass
class _Draft:
    """A run on its way to the next state."""

    run: RunRecord
    params: dict[str, Any] = field(init=False)
    metrics: dict[str, MetricValue] = field(init=False)
    notes: list[str] = field(init=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.params, self.metrics, self.notes = dict(self.run.params), dict(self.run.metrics), list(self.run.notes)

    def add(self, entry: RunEntry) -> None:
        """Values may come after the end, from another process of the same run."""
        for name, value in entry.params.items():
            if self.params.setdefault(name, value) != value:
                self.notes.append(f"Param {safe(name, 60)} was logged again with another value: the first one stays.")
        self.metrics.update((metric.name, metric.value) for metric in entry.metrics)
        if entry.ending is not None and self.run.state in {RunState.RUNNING, RunState.LOST}:
            self._end(entry, entry.ending)

    def _end(self, entry: RunEntry, ending: RunEnding) -> None:
        started = self.run.started_at or entry.at
        self.run = msgspec.structs.replace(
            self.run, state=ending.state, error=ending.error, duration_s=(entry.at - started).total_seconds()
        )
        self.ended = True

    def result(self) -> RunRecord:
        """The run with all that was added."""
        return msgspec.structs.replace(
            self.run, params=self.params, metrics=self.metrics, notes=tuple(dict.fromkeys(self.notes))
        )


def apply(
    transaction: Transaction, entries: Sequence[RunEntry], *, recorder: str, sees: Callable[[str], bool]
) -> RecordedRuns:
    """Open, fill and end runs. `recorder` is who records them; `sees` says of a process whether its end will show."""
    known = _known(transaction, {entry.key for entry in entries})
    drafts = {key: _Draft(run) for key, run in zip(known, runs.get_all(transaction, known.values()), strict=True)}
    fresh = _openings(entry for entry in entries if entry.key not in known)
    for (key, (entry, opening)), (id, _) in zip(fresh.items(), transaction.next_ids("r", len(fresh)), strict=True):
        parent = _run_of(transaction, drafts, opening.parent)
        drafts[key] = _Draft(_opened(transaction, id, entry, opening, parent, recorder, sees))
    strays = 0
    for entry in entries:
        if entry.key in drafts:
            drafts[entry.key].add(entry)
        else:
            strays += 1
    results = {key: draft.result() for key, draft in drafts.items()}
    runs.put_many(transaction, list(results.values()))
    transaction.put_many("recordings", [{"key": key, "run": results[key].id} for key in fresh])
    _add_steps(transaction, entries, results)
    return RecordedRuns([results[key] for key in fresh], [results[key] for key in drafts if drafts[key].ended], strays)


def run_of(query: Query, key: str) -> str | None:
    """The id of the run that its author's process calls `key`."""
    row = query.one("SELECT run FROM recordings WHERE key = ?", [key])
    return None if row is None else str(row[0])


def steps(query: Query, run: str, most: int) -> dict[str, tuple[tuple[int, MetricValue], ...]]:
    """The values of a run that were logged with a step, by metric; about `most` of each, evenly, with the last."""
    numbered = (
        "SELECT name, step, value, row_number() OVER (PARTITION BY name ORDER BY step, logged_at, rowid) AS place, "
        "count(*) OVER (PARTITION BY name) AS total FROM run_metrics WHERE run = ?"
    )
    rows = query.all(
        f"SELECT name, step, value FROM ({numbered}) "
        "WHERE place = total OR (place - 1) % ceil(total / ?)::BIGINT = 0 ORDER BY name, place",
        [run, most],
    )
    found: dict[str, list[tuple[int, MetricValue]]] = {}
    for name, step, value in rows:
        found.setdefault(name, []).append((step, measured(value)))
    return {name: tuple(values) for name, values in found.items()}


def _known(query: Query, keys: set[str]) -> dict[str, str]:
    return dict(query.all("SELECT key, run FROM recordings WHERE key IN (SELECT unnest(?))", [sorted(keys)]))


def _openings(entries: Iterable[RunEntry]) -> dict[str, tuple[RunEntry, RunOpening]]:
    """The first opening of each run."""
    found: dict[str, tuple[RunEntry, RunOpening]] = {}
    for entry in entries:
        if entry.opening is not None:
            found.setdefault(entry.key, (entry, entry.opening))
    return found


def _run_of(query: Query, drafts: dict[str, _Draft], key: str) -> str | None:
    return drafts[key].run.id if key in drafts else (run_of(query, key) if key else None)


def _opened(
    transaction: Transaction,
    id: str,
    entry: RunEntry,
    opening: RunOpening,
    parent: str | None,
    recorder: str,
    sees: Callable[[str], bool],
) -> RunRecord:
    return RunRecord(
        id=id,
        name=opening.name,
        parent=parent,
        model=opening.model,
        dataset=opening.dataset,
        dataset_version=opening.dataset_version,
        state=RunState.RUNNING,
        trigger=recorder,
        environment=opening.environment,
        # One that this engine cannot see, in another container, would look dead from the start.
        process=opening.process if opening.process and sees(opening.process) else "",
        started_at=entry.at,
        created_at=transaction.now,
    )


def _add_steps(transaction: Transaction, entries: Sequence[RunEntry], results: dict[str, RunRecord]) -> None:
    rows = [
        (results[entry.key].id, metric.name, metric.step, metric.value, entry.at.replace(tzinfo=None))
        for entry in entries
        if entry.key in results
        for metric in entry.metrics
        if metric.step is not None
    ]
    if rows:
        columns = ("run", "name", "step", "value", "logged_at")
        transaction.insert_columns("run_metrics", dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
