"""Answers about runs, and runs that notebooks record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import RefusedError, UsageError
from shopfloor.domain.names import check_name
from shopfloor.domain.numbers import exact, significant
from shopfloor.domain.page import Page
from shopfloor.domain.requests.runs import (
    RunCompare,
    RunComparison,
    RunExport,
    RunFinish,
    RunList,
    RunLog,
    RunShow,
    RunStart,
    RunTable,
)
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.statistics import metrics
from shopfloor.store import run_frame, runs
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.process import is_running


def listing(services: EngineServices, request: RunList) -> Page[RunRecord]:
    """Runs in the requested order."""
    search = _search(request)
    found = services.context.store.read(
        lambda query: runs.listing(query, search, limit=request.limit, offset=request.offset)
    )
    return msgspec.structs.replace(found, seq=services.context.store.last_seq)


def export(services: EngineServices, request: RunExport) -> RunTable:
    """The file, written within one snapshot."""
    search, target = _search(request), Path(request.output)

    def write(query: Query) -> tuple[str, ...]:
        return run_frame.write(query, runs.numbers(query, search, request.limit), target)

    if not target.is_absolute() or not target.parent.is_dir():
        raise UsageError(
            f"{safe(request.output)} cannot be written.", hint="Name a file in a folder that exists.", code="bad_output"
        )
    return RunTable(output=request.output, columns=services.context.store.read(write))


def _search(request: RunList | RunExport) -> runs.RunSearch:
    return runs.RunSearch(metrics.aliases(), request.model, request.state, request.query, request.sort)


def show(services: EngineServices, request: RunShow) -> RunRecord:
    """One run."""
    return services.context.store.read(lambda query: runs.get(query, request.id))


def compare(services: EngineServices, request: RunCompare) -> RunComparison:
    """Runs beside each other, only what differs."""
    if len(request.ids) < 2:
        raise UsageError("A comparison needs two or more runs.", hint="shopfloor run compare r1 r2", code="too_few")
    found = services.context.store.read(lambda query: tuple(runs.get(query, id) for id in request.ids))
    rows = [
        *_differing(
            "run",
            found,
            lambda run: {"model": run.model, "data": _data(run), "chosen": run.chosen, "trigger": run.trigger},
        ),
        *_differing("param", found, lambda run: run.params),
        *_differing("metric", found, lambda run: run.metrics),
    ]
    return RunComparison(runs=found, rows=tuple(rows))


def _data(run: RunRecord) -> str:
    return f"{run.dataset}@{run.dataset_version}" if run.dataset else ""


def _differing(
    kind: str, found: tuple[RunRecord, ...], part: Callable[[RunRecord], dict[str, Any]]
) -> list[tuple[str, str, tuple[str, ...]]]:
    names = dict.fromkeys(name for run in found for name in part(run))
    rows = [(kind, name, tuple(_shown(part(run).get(name)) for run in found)) for name in names]
    return [row for row in rows if len(set(row[2])) > 1]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return exact(significant(value, 6))
    return value if isinstance(value, str) else to_text(value)


def start(services: EngineServices, request: RunStart) -> RunRecord:
    """Open a run that somebody records into."""
    check_name(request.model, "Model")

    def change(transaction: Transaction) -> RunRecord:
        run = runs.create(
            transaction,
            RunRecord(
                id="",
                model=request.model,
                dataset=request.dataset,
                dataset_version=request.dataset_version,
                state=RunState.RUNNING,
                trigger=request.actor,
                params=request.params,
                environment=request.environment,
                # One that this engine cannot see, in another container, would look dead from the start.
                process=request.process if request.process and is_running(request.process) else "",
                started_at=transaction.now,
            ),
        )
        transaction.emit(
            "run.started",
            run.model,
            f"Run {run.id} of {run.model} is recorded",
            actor=request.actor,
            data={"run": run.id},
        )
        return run

    return services.mutate(request, change)


def log(services: EngineServices, request: RunLog) -> RunRecord:
    """Add params and metrics; a param once set stays."""

    def change(transaction: Transaction) -> RunRecord:
        run = _open(transaction, request.id)
        for name, value in request.params.items():
            if name in run.params and run.params[name] != value:
                raise RefusedError(
                    f"Param {safe(name, 60)!r} of {run.id} is {run.params[name]!r} already.",
                    hint="Start a new run for other params.",
                    code="param_set",
                )
        run = msgspec.structs.replace(
            run, params={**run.params, **request.params}, metrics={**run.metrics, **request.metrics}
        )
        runs.put(transaction, run)
        return run

    return services.mutate(request, change)


def finish(services: EngineServices, request: RunFinish) -> RunRecord:
    """Close a run."""

    def change(transaction: Transaction) -> RunRecord:
        run = _open(transaction, request.id)
        started = run.started_at or transaction.now
        run = msgspec.structs.replace(
            run, state=request.state, error=request.error, duration_s=(transaction.now - started).total_seconds()
        )
        runs.put(transaction, run)
        transaction.emit(
            "run.finished",
            run.model,
            f"Run {run.id} of {run.model} {run.state}",
            actor=request.actor,
            data={"run": run.id},
        )
        return run

    return services.mutate(request, change)


def _open(transaction: Transaction, id: str) -> RunRecord:
    run = runs.get(transaction, id)
    if not runs.is_open(run):
        raise RefusedError(f"Run {run.id} has ended ({run.state}).", hint="Start a new run.", code="run_ended")
    return run
