"""Runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import NotFoundError
from shopfloor.domain.page import Page
from shopfloor.domain.run import RunRecord, RunState, finite
from shopfloor.domain.text import safe
from shopfloor.store.rows import Filter, Query, count, page, scalar, window
from shopfloor.store.run_query import MetricAliases, narrow, order
from shopfloor.store.transaction import Transaction, naive


def create(transaction: Transaction, run: RunRecord) -> RunRecord:
    """Insert a run; assigns its id and creation time."""
    id, _ = transaction.next_id("r")
    run = msgspec.structs.replace(run, id=id, created_at=transaction.now)
    put(transaction, run)
    return run


def put(transaction: Transaction, run: RunRecord, *, metric: str = "") -> None:
    """Replace a run. `metric` names the metric that lists sort by as `score`."""
    transaction.put("runs", _row(run, metric))


def put_many(transaction: Transaction, changed: Sequence[RunRecord]) -> None:
    """`put` for several, in one statement."""
    transaction.put_many("runs", [_row(run) for run in changed])


def _row(run: RunRecord, metric: str = "") -> dict[str, Any]:
    score = run.metrics.get(metric) if metric else next(iter(run.metrics.values()), None)
    return {
        "id": run.id,
        "number": int(run.id[1:]),
        "model": run.model,
        "dataset": run.dataset,
        "dataset_version": run.dataset_version,
        "state": run.state.value,
        "score": finite(score),
        "duration_s": run.duration_s,
        "job": run.job,
        "created_at": run.created_at,
        "record": to_text(run),
        "words": " ".join(filter(None, _words(run))).lower(),
        "params": to_text(run.params),
        "metrics": to_text(run.metrics),
        "name": run.name or None,
        "parent": run.parent,
    }


def _words(run: RunRecord) -> tuple[str | None, ...]:
    """What a search looks at."""
    return run.id, run.name, run.model, run.state, run.dataset, run.chosen, run.trigger


def get(query: Query, id: str) -> RunRecord:
    """One run; raises `NotFoundError`."""
    row = query.one("SELECT record FROM runs WHERE id = ?", [id])
    if row is None:
        raise NotFoundError(
            f"There is no run {safe(id, 40)!r}.", hint="List them: shopfloor run list", code="run_not_found"
        )
    return msgspec.json.decode(row[0], type=RunRecord)


def get_all(query: Query, ids: Collection[str]) -> list[RunRecord]:
    """Runs that are there, in the order of their ids."""
    rows = query.all("SELECT id, record FROM runs WHERE id IN (SELECT unnest(?))", [list(ids)]) if ids else []
    found = {id: msgspec.json.decode(record, type=RunRecord) for id, record in rows}
    return [found[id] for id in ids]


def of_job(query: Query, job: str) -> RunRecord | None:
    """The newest run that a job made."""
    row = query.one("SELECT record FROM runs WHERE job = ? ORDER BY number DESC LIMIT 1", [job])
    return None if row is None else msgspec.json.decode(row[0], type=RunRecord)


class RunSearch(NamedTuple):
    """Which runs, and in which order: `text` narrows them as `run_query.narrow` says, `sort` is what `order` takes."""

    metrics: MetricAliases
    model: str = ""
    state: str = ""
    text: str = ""
    sort: str = "-created_at"

    def where(self) -> Filter:
        """What they have in common."""
        return narrow(Filter().equal("model", self.model).equal("state", self.state), self.text, self.metrics)


def listing(query: Query, search: RunSearch, *, limit: int, offset: int) -> Page[RunRecord]:
    """Some runs of those searched for."""
    where = search.where()
    by, parameters = order(search.sort, search.metrics)
    rows = window(query, "runs", "record", where, by, limit, offset, sorted_by=parameters)
    return page([msgspec.json.decode(row[0], type=RunRecord) for row in rows], count(query, "runs", where), offset)


def numbers(query: Query, search: RunSearch, limit: int) -> list[int]:
    """The numbers of the first runs of those searched for."""
    where = search.where()
    by, parameters = order(search.sort, search.metrics)
    rows = query.all(
        f"SELECT number FROM runs {where.where()} ORDER BY {by} LIMIT ?", [*where.parameters, *parameters, limit]
    )
    return [number for (number,) in rows]


def total(query: Query) -> int:
    """How many runs there are."""
    return scalar(query, "SELECT count(*) FROM runs")


def recorded(query: Query) -> list[RunRecord]:
    """Open runs that a notebook or script records."""
    rows = query.all("SELECT record FROM runs WHERE state = 'running' AND job IS NULL ORDER BY number")
    return [msgspec.json.decode(row[0], type=RunRecord) for row in rows]


def last_trained_version(query: Query, model: str) -> int:
    """The newest dataset version that a run of the model saw to its end or works on, 0 without one."""
    return scalar(
        query,
        "SELECT coalesce(max(dataset_version), 0) FROM runs WHERE model = ? "
        "AND state IN ('running', 'succeeded', 'queued')",
        [model],
    )


def seconds_since(query: Query, model: str, since: datetime) -> float:
    """How long the runs of a model took that were created since a time."""
    row = query.one(
        "SELECT coalesce(sum(duration_s), 0) FROM runs WHERE model = ? AND created_at >= ?", [model, naive(since)]
    )
    return float(row[0]) if row else 0.0


def is_open(run: RunRecord) -> bool:
    """True while a notebook may add to it."""
    return run.state in {RunState.QUEUED, RunState.RUNNING}
