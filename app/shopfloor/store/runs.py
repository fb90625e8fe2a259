"""Runs."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import NotFoundError, UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.page import Page
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.text import safe
from shopfloor.store.rows import Filter, Query, count, page, scalar, window
from shopfloor.store.run_query import MetricAliases, narrow
from shopfloor.store.transaction import Transaction, naive

_SORTS = {
    "created_at": "number",
    "score": "score",
    "model": "model",
    "duration_s": "duration_s",
    "state": "state",
    "id": "number",
}


def create(transaction: Transaction, run: RunRecord) -> RunRecord:
    """Insert a run; assigns its id and creation time."""
    id, number = transaction.next_id("r")
    run = msgspec.structs.replace(run, id=id, created_at=transaction.now)
    _write(transaction, run, number)
    return run


def put(transaction: Transaction, run: RunRecord, *, metric: str = "") -> None:
    """Replace a run. `metric` names the metric that lists sort by as `score`."""
    _write(transaction, run, int(run.id[1:]), metric)


def _write(transaction: Transaction, run: RunRecord, number: int, metric: str = "") -> None:
    score = run.metrics.get(metric) if metric else next(iter(run.metrics.values()), None)
    transaction.put(
        "runs",
        {
            "id": run.id,
            "number": number,
            "model": run.model,
            "dataset": run.dataset,
            "dataset_version": run.dataset_version,
            "state": run.state.value,
            "score": score,
            "duration_s": run.duration_s,
            "job": run.job,
            "created_at": run.created_at,
            "record": to_text(run),
            "words": f"{run.chosen or ''} {run.trigger}".strip(),
        },
    )


def get(query: Query, id: str) -> RunRecord:
    """One run; raises `NotFoundError`."""
    row = query.one("SELECT record FROM runs WHERE id = ?", [id])
    if row is None:
        raise NotFoundError(
            f"There is no run {safe(id, 40)!r}.", hint="List them: shopfloor run list", code="run_not_found"
        )
    return msgspec.json.decode(row[0], type=RunRecord)


def of_job(query: Query, job: str) -> RunRecord | None:
    """The newest run that a job made."""
    row = query.one("SELECT record FROM runs WHERE job = ? ORDER BY number DESC LIMIT 1", [job])
    return None if row is None else msgspec.json.decode(row[0], type=RunRecord)


def listing(
    query: Query,
    *,
    model: str,
    state: str,
    text: str,
    metrics: MetricAliases,
    sort: str,
    limit: int,
    offset: int,
) -> Page[RunRecord]:
    """Runs in the requested order; `text` narrows them as `run_query.narrow` says."""
    column = _SORTS.get(sort.removeprefix("-"))
    if column is None:
        raise UsageError(f"Runs cannot be sorted by {safe(sort, 40)!r}.", hint=did_you_mean(sort, _SORTS))
    where = Filter().equal("model", model).equal("state", state)
    narrow(where, text, metrics)
    order = f"{column} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST, number DESC"
    rows = window(query, "runs", "record", where, order, limit, offset)
    return page([msgspec.json.decode(row[0], type=RunRecord) for row in rows], count(query, "runs", where), offset)


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
