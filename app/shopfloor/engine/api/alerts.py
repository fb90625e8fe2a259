"""Answers about alerts, checks and value."""

from __future__ import annotations

import msgspec

from shopfloor.domain.codec import to_plain
from shopfloor.domain.job import CauseKind, JobCause, JobKind, JobRecord
from shopfloor.domain.monitor import AlertChange, AlertRecord, CheckResult, FleetLook
from shopfloor.domain.page import Page
from shopfloor.domain.requests.alerts import (
    AlertAck,
    AlertHistory,
    AlertList,
    AlertResolve,
    AlertShow,
    AlertSnooze,
    CheckList,
    FleetList,
    MonitorRun,
)
from shopfloor.engine.api.changes import Fields, changed_rows
from shopfloor.engine.line.line import check
from shopfloor.engine.services import EngineServices
from shopfloor.monitoring import alerts as rules
from shopfloor.monitoring.coverage import unchecked
from shopfloor.store import alerts, datasets, fleet, history, jobs, models, trust
from shopfloor.store.images import Row
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

_UNTOLD = {"evidence", "looks", "updated_at"}


def listing(services: EngineServices, request: AlertList) -> Page[AlertRecord]:
    """Alerts, the most urgent first."""
    found = services.context.store.read(
        lambda query: alerts.listing(
            query,
            subject=request.subject,
            state=request.state,
            text=request.query,
            limit=request.limit,
            offset=request.offset,
            urgent_first=request.urgent_first,
        )
    )
    return msgspec.structs.replace(found, seq=services.context.store.last_seq)


def show(services: EngineServices, request: AlertShow) -> AlertRecord:
    """One alert."""
    return services.context.store.read(lambda query: alerts.get(query, request.id))


def changes(services: EngineServices, request: AlertHistory) -> Page[AlertChange]:
    """Who changed an alert, when and how."""
    found = services.context.store.read(lambda query: _changes(query, request.id))
    return Page(rows=tuple(found), total=len(found), seq=services.context.store.last_seq)


def _changes(query: Query, id: str) -> list[AlertChange]:
    alerts.get(query, id)
    images = [image for image in history.of_row(query, "alerts", [id]) if image.before is not None]
    return [
        AlertChange(seq=image.seq, at=image.at, actor=image.actor, changes=changes)
        for image, changes in changed_rows(query, images, _fields)
    ]


def _fields(table: str, row: Row | None) -> Fields:
    told = {} if row is None else to_plain(alerts.of_image(row))
    return {name: value for name, value in told.items() if name not in _UNTOLD}


def acknowledge(services: EngineServices, request: AlertAck) -> AlertRecord:
    """Acknowledge: somebody works on it."""

    def change(transaction: Transaction) -> AlertRecord:
        before = alerts.get(transaction, request.id)
        alert = rules.acknowledge(before, request.note, transaction.now)
        return _changed(transaction, before, alert, "acknowledged", request.actor)

    return services.mutate(request, change)


def snooze(services: EngineServices, request: AlertSnooze) -> AlertRecord:
    """Quiet until a time."""

    def change(transaction: Transaction) -> AlertRecord:
        before = alerts.get(transaction, request.id)
        alert = rules.snooze(before, request.until, transaction.now, request.note)
        what = f"snoozed until {request.until:%Y-%m-%d %H:%M} UTC"
        return _changed(transaction, before, alert, what, request.actor)

    return services.mutate(request, change)


def resolve(services: EngineServices, request: AlertResolve) -> AlertRecord:
    """It is over."""

    def change(transaction: Transaction) -> AlertRecord:
        before = alerts.get(transaction, request.id)
        alert = rules.resolve(before, request.note, transaction.now)
        return _changed(transaction, before, alert, "resolved", request.actor)

    return services.mutate(request, change)


def _changed(transaction: Transaction, before: AlertRecord, alert: AlertRecord, what: str, actor: str) -> AlertRecord:
    """Store `alert` and emit its event; a repeated request leaves no trace."""
    if alert == before:
        return before
    alerts.put(transaction, alert)
    transaction.emit(
        f"alert.{what.split()[0]}",
        alert.subject,
        f"Alert {alert.id} on {alert.subject} {what}",
        actor=actor,
        data={"alert": alert.id, "state": alert.state.value, "was": before.state.value, "note": alert.note},
    )
    return alert


def checks(services: EngineServices, request: CheckList) -> Page[CheckResult]:
    """Results of checks; of the newest also which columns of the dataset have none."""
    definition = services.context.definition(request.model)
    if request.history:
        return services.context.store.read(
            lambda query: alerts.check_history(query, request.model, request.limit, request.offset)
        )

    def newest(query: Query) -> list[CheckResult]:
        found = alerts.newest_checks(query, request.model)
        champion = models.aliases(query, request.model).get("champion")
        version = datasets.version(query, definition.dataset, datasets.current_version(query, definition.dataset))
        columns = version.columns if version is not None else ()
        return [*found, *unchecked(definition, champion, columns, found, services.context.clock.now())]

    found = services.context.store.read(newest)
    return Page(rows=tuple(found), total=len(found))


def ranking(services: EngineServices, request: FleetList) -> Page[FleetLook]:
    """All models by how clearly they have shifted."""
    return services.context.store.read(lambda query: fleet.ranking(query, request.limit, request.offset))


def monitor(services: EngineServices, request: MonitorRun) -> JobRecord:
    """Queue a check of a model against its newest data, and of older deliveries that it was to check and has not."""
    definition = services.context.definition(request.model)

    def change(transaction: Transaction) -> JobRecord:
        champion = models.aliases(transaction, definition.name).get("champion")
        newest = datasets.current_version(transaction, definition.dataset)
        for one in trust.unchecked(transaction, definition.dataset):
            version = datasets.version(transaction, one.dataset, one.version)
            if (
                champion is not None
                and version is not None
                and one.version != newest
                and definition.name in one.pending
            ):
                cause = JobCause(kind=CauseKind.DATASET_VERSION, name=one.dataset, number=one.version)
                check(transaction, definition.name, champion, version, trigger=one.ref, cause=cause)
        return jobs.enqueue(
            transaction,
            JobKind.MONITOR,
            definition.name,
            trigger=f"requested by {request.actor}",
            priority=5,
            payload={
                "model_version": champion,
                "dataset": definition.dataset,
                "dataset_version": newest,
            },
        )

    return services.mutate(request, change)
