"""The workspace at a glance."""

from __future__ import annotations

import os
from datetime import timedelta
from statistics import median

import msgspec

import shopfloor
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.release import ROLLBACK, UNDO, PendingApproval
from shopfloor.domain.requests.workspace import IdleReport, Rescan, Shutdown, StatusShow
from shopfloor.domain.status import EngineStatus, FactoryFigures, Status
from shopfloor.engine.api.unresolved import unresolved
from shopfloor.engine.api.waiting import idle_report
from shopfloor.engine.services import EngineServices
from shopfloor.release import four_eyes
from shopfloor.store import alerts, files, inference, jobs, models, release_rules, runs, trust
from shopfloor.store.rows import Query
from shopfloor.workspace.stop_mark import StopMark, leave_mark


def show(services: EngineServices, request: StatusShow) -> Status:
    """Counts, the engine's health, the factory's figures."""
    context = services.context
    definitions = [model for model in context.all_models() if not model.retired]
    _, unreadable = context.readable_models()
    watcher = services.watch.status()
    degraded = context.degraded.look()

    def query(reader: Query) -> Status:
        datasets = reader.one("SELECT count(*) FROM datasets")
        pending = _pending(reader, definitions)
        return Status(
            workspace=str(context.layout.root),
            name=context.settings.name or context.layout.root.name,
            engine=EngineStatus(
                pid=os.getpid(),
                epoch=context.epoch,
                version=shopfloor.__version__,
                uptime_s=round((context.clock.now() - context.started_at).total_seconds(), 1),
                watcher=watcher,
                degraded=degraded,
            ),
            jobs=msgspec.structs.replace(jobs.counts(reader), failed=len(unresolved(services, reader))),
            files=files.counts(reader),
            alerts=alerts.counts(reader),
            models=len(definitions) + len(unreadable),
            datasets=int(datasets[0]) if datasets else 0,
            runs=runs.total(reader),
            approvals=len(pending),
            predictions=sum(inference.predictions_by_model(reader).values()),
            humility=sum(inference.humility_by_model(reader).values(), HumilityCounts()),
            seq=context.store.last_seq,
            factory=_figures(services, reader),
            running=services.pool.running(),
            pending=pending,
            undelivered=context.undelivered(),
            in_doubt=tuple(trust.undecided(reader)),
            unreadable=unreadable,
        )

    return context.store.read(query)


def _pending(reader: Query, definitions: list[ModelDefinition]) -> tuple[PendingApproval, ...]:
    """What waits for people's approval, of all models in service."""
    rules = release_rules.held(reader)
    waiting = models.awaiting(reader) | {name for name, held in rules.items() if held.lowering is not None}
    return tuple(
        each
        for definition in definitions
        if definition.name in waiting
        for each in four_eyes.pending(reader, definition, models.state(reader, definition.name), rules)
    )


def _figures(services: EngineServices, reader: Query) -> FactoryFigures:
    since = services.context.clock.now() - timedelta(days=30)
    deployments = [each for each in models.deployments(reader, since) if each[1] != UNDO]
    rollbacks = sum(cause == ROLLBACK for _, cause, _, _ in deployments)
    lead = [
        row[0]
        for row in reader.all(
            "SELECT epoch(h.happened_at) - epoch(max(f.seen_at)) FROM alias_history h "
            "JOIN model_versions v ON v.model = h.model AND v.version = h.version "
            "JOIN runs r ON r.id = v.run JOIN files f ON f.dataset = r.dataset AND f.version = r.dataset_version "
            "WHERE h.alias = 'champion' AND h.cause NOT IN (?, ?) GROUP BY h.seq, h.happened_at",
            [ROLLBACK, UNDO],
        )
    ]
    return FactoryFigures(
        lead_time_s=round(median(lead), 3) if lead else None,
        deployments_30d=len(deployments),
        rollback_share=round(rollbacks / len(deployments), 4) if deployments else None,
        restore_time_s=alerts.median_restore_seconds(reader),
    )


def rescan(services: EngineServices, request: Rescan) -> IdleReport:
    """Look at the drop folders now."""
    services.watch.scan_now()
    return idle_report(services)


def shutdown(services: EngineServices, request: Shutdown) -> IdleReport:
    """Stop after this answer, until somebody starts the engine again."""
    report = idle_report(services)
    leave_mark(services.context.layout, StopMark(by=request.actor, at=services.context.clock.now()))
    services.stop()
    return report
