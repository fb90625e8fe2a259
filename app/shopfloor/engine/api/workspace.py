"""Answers about the workspace as a whole: lineage, SQL, health, backups, garbage."""

from __future__ import annotations

from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.requests.workspace import (
    Backup,
    BackupReport,
    Doctor,
    DoctorReport,
    Gc,
    GcReport,
    LineageShow,
    SqlQuery,
    Table,
)
from shopfloor.engine.services import Plant
from shopfloor.intake.streaming.standing import standings
from shopfloor.lineage.trace import trace
from shopfloor.upkeep.backup import make_backup
from shopfloor.upkeep.doctor import examine
from shopfloor.upkeep.gc import collect_garbage
from shopfloor.upkeep.sandbox import run_query


def lineage(plant: Plant, request: LineageShow) -> LineageGraph:
    """What came from what."""
    return plant.context.store.read(lambda query: trace(query, request.ref, request.direction, request.as_of))


def sql(plant: Plant, request: SqlQuery) -> Table:
    """One read-only statement in a sandboxed child."""
    return run_query(plant.context, request.statement, request.limit)


def doctor(plant: Plant, request: Doctor) -> DoctorReport:
    """The health of the workspace."""
    return examine(plant.context, repair=request.repair, standing=standings(plant.context, plant.streams))


def backup(plant: Plant, request: Backup) -> BackupReport:
    """Back up now."""
    return make_backup(plant.context)


def gc(plant: Plant, request: Gc) -> GcReport:
    """Remove what nothing refers to."""
    return collect_garbage(plant.context, dry_run=request.dry_run)
