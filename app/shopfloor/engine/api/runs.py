"""Answers about runs. What was recorded until now is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from shopfloor.domain.codec import to_text
from shopfloor.domain.errors import StoreError, UsageError
from shopfloor.domain.numbers import exact, significant
from shopfloor.domain.page import Page
from shopfloor.domain.requests.runs import RunCompare, RunComparison, RunExport, RunList, RunShow, RunTable
from shopfloor.domain.run import RunRecord
from shopfloor.domain.text import safe
from shopfloor.engine.api.recorders import take_in
from shopfloor.engine.services import EngineServices
from shopfloor.statistics import metrics
from shopfloor.store import recordings, run_frame, runs
from shopfloor.store.rows import Query

_STEPS = 1_000  # of a metric, shown of one run


def listing(services: EngineServices, request: RunList) -> Page[RunRecord]:
    """Runs in the requested order."""
    _look(services)
    search = _search(request)
    found = services.context.store.read(
        lambda query: runs.listing(query, search, limit=request.limit, offset=request.offset)
    )
    return msgspec.structs.replace(found, seq=services.context.store.last_seq)


def export(services: EngineServices, request: RunExport) -> RunTable:
    """The file, written within one snapshot."""
    _look(services)
    search, target = _search(request), Path(request.output)

    def write(query: Query) -> tuple[str, ...]:
        return run_frame.write(query, runs.numbers(query, search, request.limit), target)

    if not target.is_absolute() or not target.parent.is_dir():
        raise UsageError(
            f"{safe(request.output)} cannot be written.", hint="Name a file in a folder that exists.", code="bad_output"
        )
    return RunTable(output=request.output, columns=services.context.store.read(write))


def _look(services: EngineServices) -> None:
    try:
        take_in(services.context)
    except StoreError:
        pass  # what is stored can be read all the same; the engine says what ails it


def _search(request: RunList | RunExport) -> runs.RunSearch:
    return runs.RunSearch(metrics.aliases(), request.model, request.state, request.query, request.sort)


def show(services: EngineServices, request: RunShow) -> RunRecord:
    """One run."""
    _look(services)

    def find(query: Query) -> RunRecord:
        run = runs.get(query, recordings.run_of(query, request.id) or request.id)
        return msgspec.structs.replace(run, steps=recordings.steps(query, run.id, _STEPS))

    return services.context.store.read(find)


def compare(services: EngineServices, request: RunCompare) -> RunComparison:
    """Runs beside each other, only what differs."""
    if len(request.ids) < 2:
        raise UsageError("A comparison needs two or more runs.", hint="shopfloor run compare r1 r2", code="too_few")
    _look(services)
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
    kind: str, found: tuple[RunRecord, ...], part: Callable[[RunRecord], Mapping[str, Any]]
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
