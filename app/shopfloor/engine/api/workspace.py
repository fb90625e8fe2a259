"""Answers about the workspace as a whole: lineage, SQL, health, backups, garbage."""

from __future__ import annotations

import os

from shopfloor.arrival.why import explain as explain_path
from shopfloor.domain.codec import to_plain
from shopfloor.domain.errors import UsageError
from shopfloor.domain.explanation import Explanation
from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.requests.workspace import (
    Backup,
    BackupReport,
    ConfigSet,
    DeepReading,
    Doctor,
    DoctorRead,
    DoctorReport,
    Gc,
    GcReport,
    LineageShow,
    QueryTable,
    SettingChange,
    SqlQuery,
    Why,
)
from shopfloor.domain.text import safe
from shopfloor.engine.services import EngineServices
from shopfloor.engine.why.tree import explain
from shopfloor.intake.streaming.stream_status import stream_statuses
from shopfloor.lineage.trace import trace
from shopfloor.store import texts
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.backup import make_backup
from shopfloor.upkeep.deep_reading import read_slice
from shopfloor.upkeep.doctor import examine
from shopfloor.upkeep.gc import collect_garbage
from shopfloor.upkeep.query import run_query
from shopfloor.workspace import settings
from shopfloor.workspace.form import read_text

_LONGEST_SLICE = 10.0


def lineage(services: EngineServices, request: LineageShow) -> LineageGraph:
    """The lineage of a reference."""
    return services.context.store.read(lambda query: trace(query, request.ref, request.direction, request.as_of))


def why(services: EngineServices, request: Why) -> Explanation:
    """Why something is as it is. About a path, the drop folders are scanned first."""
    if request.raw or "/" in request.ref:
        return explain_path(services.watch, os.fsdecode(_bytes(request.raw)) if request.raw else request.ref)
    definitions, now = services.context.all_models(), services.context.clock.now()
    return services.context.store.read(lambda query: explain(query, request.ref, definitions, now))


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise UsageError(
            "The bytes of the path are not hexadecimal digits.", hint="Write two digits per byte."
        ) from error


def sql(services: EngineServices, request: SqlQuery) -> QueryTable:
    """One read-only statement in a sandboxed child."""
    return run_query(services.context, request.statement, request.limit)


def doctor(services: EngineServices, request: Doctor) -> DoctorReport:
    """The health of the workspace."""
    return examine(
        services.context,
        repair=request.repair,
        stream_status=stream_statuses(services.context, services.streams),
        ask=services.pool.light_adhoc.ask,
    )


def read(services: EngineServices, request: DoctorRead) -> DeepReading:
    """A slice of the stored objects, byte for byte."""
    return read_slice(services.context, request.after, min(request.seconds, _LONGEST_SLICE))


def backup(services: EngineServices, request: Backup) -> BackupReport:
    """Back up now."""
    return make_backup(services.context)


def gc(services: EngineServices, request: Gc) -> GcReport:
    """Remove what nothing refers to."""
    return collect_garbage(services.context, dry_run=request.dry_run)


def configure(services: EngineServices, request: ConfigSet) -> SettingChange:
    """Write a setting; the engine follows at once. The same value again changes nothing."""
    layout = services.context.layout

    def change(transaction: Transaction) -> SettingChange:
        before, text = settings.get_setting(layout, request.key), read_text(layout.settings)
        settings.set_setting(layout, request.key, request.value)
        after = settings.get_setting(layout, request.key)
        changed = SettingChange(key=request.key, before=before, after=after)
        if before != after:
            texts.put(transaction, layout.settings.name, text, read_text(layout.settings))
            transaction.emit(
                "settings.changed",
                request.key,
                f"{safe(request.key, 60)} = {safe(after, 120)} (it was {safe(before, 120)})",
                actor=request.actor,
                data=to_plain(changed),
            )
        return changed

    changed = services.mutate(request, change)
    services.context.reload_settings()
    return changed
