"""Answers about the workspace as a whole: lineage, SQL, health, backups, garbage."""

from __future__ import annotations

from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.requests.workspace import (
    Backup,
    BackupReport,
    DeepReading,
    Doctor,
    DoctorRead,
    DoctorReport,
    Gc,
    GcReport,
    LineageShow,
    QueryTable,
    SqlQuery,
)
from shopfloor.engine.services import EngineServices
from shopfloor.intake.streaming.stream_status import stream_statuses
from shopfloor.lineage.trace import trace
from shopfloor.upkeep.backup import make_backup
from shopfloor.upkeep.deep_reading import read_slice
from shopfloor.upkeep.doctor import examine
from shopfloor.upkeep.gc import collect_garbage
from shopfloor.upkeep.query import run_query

_LONGEST_SLICE = 10.0


def lineage(services: EngineServices, request: LineageShow) -> LineageGraph:
    """The lineage of a reference."""
    return services.context.store.read(lambda query: trace(query, request.ref, request.direction, request.as_of))


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
