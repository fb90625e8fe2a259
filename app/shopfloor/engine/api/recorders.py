"""Runs that notebooks and scripts record: their logs are taken in, and runs whose process is gone are ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from shopfloor.domain.recording import RunEntry
from shopfloor.domain.requests.runs import RunLog
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.engine.services import EngineServices
from shopfloor.runtime.context import Context
from shopfloor.store import recordings, runs, segments
from shopfloor.store.transaction import Transaction
from shopfloor.workspace import segment_reader
from shopfloor.workspace.accounts import user_name
from shopfloor.workspace.process import is_running, pid_of

_decoder = msgspec.json.Decoder(RunEntry)


def look_at_recordings(context: Context) -> None:
    """Take in what was recorded; every recorded run whose process is gone ends as lost.

    One whose process the engine cannot see is left alone.
    """
    # Asked before its log is read: what is gone by then adds nothing to it.
    gone = [run for run in context.store.read(runs.recorded) if run.process and not is_running(run.process)]
    take_in(context)
    if gone:
        context.store.write(partial(_lose_all, gone))


def take_in(context: Context) -> None:
    """Make runs of all that was recorded so far; a log that is read to its end, and that nobody writes, goes."""
    for path in segment_reader.segments(context.layout.recordings):
        sealed = segment_reader.is_sealed(path)  # before it is read: what is sealed does not grow afterwards
        while _is_behind(context, path):
            if not context.store.write(partial(_take, path, sealed)):
                break
        if sealed:
            path.unlink(missing_ok=True)


def log(services: EngineServices, request: RunLog) -> RunRecord:
    """Take in entries about one run, from a process that may not write into the workspace."""

    def change(transaction: Transaction) -> RunRecord:
        _apply(transaction, list(request.entries), request.actor, is_running)
        return runs.get(transaction, recordings.run_of(transaction, request.entries[0].key) or "")

    return services.mutate(request, change)


def _is_behind(context: Context, path: Path) -> bool:
    try:
        size = path.stat().st_size
    except FileNotFoundError:  # another thread has taken the rest
        return False
    return size > context.store.read(lambda query: segments.taken(query, path.name))


def _take(path: Path, sealed: bool, transaction: Transaction) -> bool:
    """The next entries of a log and how far it is read, in one transaction; False when there is none."""
    offset = segments.taken(transaction, path.name)
    try:
        read, recorder = segment_reader.read_lines(path, offset), user_name(path.stat().st_uid)
    except FileNotFoundError:
        return False
    if read.offset == offset:
        return False
    entries = [entry for entry in map(_decode, read.documents) if entry is not None]
    damaged = read.damaged + len(read.documents) - len(entries)
    strays = _apply(transaction, entries, recorder, lambda process: sealed or is_running(process))
    if damaged or strays:
        transaction.emit(
            "run.damaged",
            "runs",
            f"{damaged + strays} entries of a run log could not be read and were left out",
            data={"entries": damaged + strays},
        )
    segments.take(transaction, path.name, read.offset)
    return True


def _decode(document: bytes) -> RunEntry | None:
    try:
        return _decoder.decode(document)
    except msgspec.DecodeError:
        return None


def _apply(transaction: Transaction, entries: list[RunEntry], recorder: str, sees: Callable[[str], bool]) -> int:
    """The entries become runs, with their events; how many were about runs that nobody opened."""
    done = recordings.apply(transaction, entries, recorder=recorder, sees=sees)
    for run in done.opened:
        message = f"Run {run.id} of {run.model} is recorded"
        transaction.emit("run.started", run.model, message, actor=recorder, data={"run": run.id})
    for run in done.ended:
        message = f"Run {run.id} of {run.model} {run.state}"
        transaction.emit("run.finished", run.model, message, actor=recorder, data={"run": run.id})
    return done.strays


def _lose_all(gone: list[RunRecord], transaction: Transaction) -> None:
    for run in gone:
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
