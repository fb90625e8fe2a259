"""Every cause that degrades the engine, with the probe that sees it; and who is told."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.event import Event
from shopfloor.domain.numbers import size
from shopfloor.domain.status import Degradation, DegradedCause
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.runtime import job_queue
from shopfloor.runtime.clock_jump import ClockJump
from shopfloor.runtime.context import Context
from shopfloor.runtime.degradation import Probe
from shopfloor.store import jobs
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.folders import DISK_FULL, read_only
from shopfloor.workspace.layout import Layout

_MB = 1 << 20
_FEW_FILES = 256
_NEEDED_FILES = 16


def degrade(services: EngineServices) -> None:
    """Let the engine's context see all causes from now on, the worst first."""
    context, watch = services.context, services.watch
    probes: Mapping[DegradedCause, Probe] = {
        DegradedCause.STORE: lambda: f"The metadata store: {context.store.degraded}." if context.store.degraded else "",
        DegradedCause.READ_ONLY: partial(_read_only, context.layout),
        DegradedCause.DISK_FULL: partial(_disk_full, context),
        DegradedCause.DISK_LOW: partial(_disk_low, context),
        DegradedCause.DISK_ERROR: partial(_disk_error, context),
        DegradedCause.SCAN: watch.scan_failure,
        DegradedCause.WATCHER: watch.watcher_failure,
        DegradedCause.CLOCK: ClockJump(context.clock),
        DegradedCause.SETTINGS: lambda: context.settings_fault,
    }
    context.degraded.watch(probes, partial(_tell, context))


def _read_only(layout: Layout) -> str:
    found = read_only(layout.private, layout.root)
    return found.message if found is not None else ""


def _disk_full(context: Context) -> str:
    free = _free(context)
    mark = context.settings.engine.reserve_mb * _MB
    if free < mark:
        return f"The disk is full: {size(free)} are free, of {size(mark)} that are kept."
    files = os.statvfs(context.layout.staging)
    # Some file systems do not count them, and some count them wrong.
    if files.f_files and files.f_favail < _FEW_FILES and not _makes_files(context.layout.staging):
        return f"The disk is full: no more files can be made on it, though {size(free)} are free."
    return ""


def _free(context: Context) -> int:
    return shutil.disk_usage(context.layout.private).free


def _makes_files(folder: Path) -> bool:
    """Whether there is room for as many files as one delivery makes."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".room-") as made:
            for number in range(_NEEDED_FILES):
                Path(made, str(number)).touch()
    except OSError as error:
        return error.errno not in DISK_FULL
    return True


def _disk_low(context: Context) -> str:
    free = _free(context)
    settings = context.settings
    if settings.engine.reserve_mb * _MB <= free < settings.intake.reserve_mb * _MB:
        mark = size(settings.intake.reserve_mb * _MB)
        return f"The disk is nearly full: {size(free)} are free. Intake and training wait until there are {mark}."
    return ""


def _disk_error(context: Context) -> str:
    """What hinders jobs that are tried again until the system lets them."""
    if not context.hindered:
        return ""
    left = context.store.read(lambda query: {job.id for job in (*jobs.queued(query), *jobs.running(query))})
    for id in [id for id in context.hindered if id not in left]:
        context.hindered.pop(id, None)
    return " ".join(dict.fromkeys(one.why for one in context.hindered.values()))


def _tell(context: Context, one: Degradation, begins: bool) -> None:
    """An event for people and screens, and a file for the serving process; neither where nothing can be written."""
    if one.code is not DegradedCause.WATCHER:  # only a hint: the scan goes on
        _emit(context, one, begins)
    path = context.layout.degraded
    beside = path.with_name(f".{path.name}.tmp")
    with suppress(OSError):
        beside.write_bytes(to_json([each.code.value for each in context.degraded.held()]))
        os.replace(beside, path)


def _emit(context: Context, one: Degradation, begins: bool) -> None:
    kind, told = ("engine.degraded", one.message) if begins else ("engine.recovered", f"Over: {one.message}")

    def change(transaction: Transaction) -> None:
        transaction.emit(kind, "engine", safe(told, 300), data={"code": one.code.value})
        if not begins:
            job_queue.end_pauses(transaction)

    try:
        context.store.write(change)
    except (ShopfloorError, OSError):  # what cannot be stored is told all the same
        event = Event(
            seq=0, at=context.clock.now(), kind=kind, subject="engine", message=told, data={"code": one.code.value}
        )
        context.stream.publish([event])
