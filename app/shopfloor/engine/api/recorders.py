"""Runs whose notebook or script has ended without closing them."""

from __future__ import annotations

from functools import partial

import msgspec

from shopfloor.domain.run import RunRecord, RunState
from shopfloor.runtime.context import Context
from shopfloor.store import runs
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.process import is_running, pid_of


def close_abandoned(context: Context) -> None:
    """End every recorded run whose process is gone as lost; one that the engine cannot see is left alone."""
    abandoned = [run for run in context.store.read(runs.recorded) if run.process and not is_running(run.process)]
    if abandoned:
        context.store.write(partial(_lose_all, abandoned))


def _lose_all(abandoned: list[RunRecord], transaction: Transaction) -> None:
    for run in abandoned:
        _lose(transaction, run.id)


def _lose(transaction: Transaction, id: str) -> None:
    run = runs.get(transaction, id)
    if not runs.is_open(run):  # closed meanwhile
        return
    why = f"The process that recorded it ({pid_of(run.process)}) ended without closing it."
    runs.put(transaction, msgspec.structs.replace(run, state=RunState.LOST, error=why))
    transaction.emit(
        "run.failed", run.model, f"Run {run.id} of {run.model} {RunState.LOST}: {why}", data={"run": run.id}
    )
