"""Nodes of the live side: predictions, actuals, alerts, jobs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shopfloor.domain.job import JobRecord, JobState
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.domain.text import counted, safe
from shopfloor.lineage.inference import actuals, predictions
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes.node import KeyedNode, make
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

_LABEL = 120


def predicted(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Groups of predictions."""
    wanted = set(keys)
    for group in predictions(query, {key.name for key in keys}, scope):
        if group.key in wanted:
            yield make(
                group.key,
                scope,
                label=f"{counted(group.rows, f'{group.source} prediction')} of {group.model} v{group.version}",
                at=group.known_at,
                model=group.model,
                model_version=group.version or None,
                source=group.source,
                rows=group.rows,
                parts=group.parts,
                first_at=group.first,
                last_at=group.last,
            )


def actual(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Actuals of models."""
    for group in actuals(query, {key.name for key in keys}, scope):
        yield make(
            group.key,
            scope,
            label=f"{counted(group.rows, 'actual')} of {group.model}",
            at=group.known_at,
            model=group.model,
            rows=group.rows,
            parts=group.parts,
            first_at=group.first,
            last_at=group.last,
        )


def alerts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Alerts."""
    rows = query.all(
        "SELECT record FROM alerts WHERE id IN (SELECT unnest(?::VARCHAR[])) AND opened_at <= ?",
        [[key.name for key in keys], scope.until],
    )
    for (record,) in rows:
        alert = msgspec.json.decode(record, type=AlertRecord)
        current = scope.seen(naive(alert.updated_at)) is not None
        subject = f"{alert.subject}.{alert.feature}" if alert.feature else alert.subject
        key = Key(NodeKind.ALERT, alert.id)
        yield make(
            key,
            scope,
            label=safe(f"{alert.check} on {subject}", _LABEL),
            at=naive(alert.opened_at),
            state=alert.state.value if current else AlertState.OPEN.value,
            subject=alert.subject,
            check=alert.check,
            feature=alert.feature,
            severity=alert.severity.value,
            cause=alert.cause,
            opened_at=alert.opened_at,
            count=alert.count if current else None,
            value=alert.value if current else None,
            limit=alert.limit,
            message=alert.message if current else None,
            resolved_at=alert.resolved_at if current else None,
        )


def jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Jobs."""
    rows = query.all(
        "SELECT record FROM jobs WHERE id IN (SELECT unnest(?::VARCHAR[])) AND created_at <= ?",
        [[key.name for key in keys], scope.until],
    )
    for (record,) in rows:
        job = msgspec.json.decode(record, type=JobRecord)
        state = _state(job, scope)
        key = Key(NodeKind.JOB, job.id)
        yield make(
            key,
            scope,
            label=safe(f"{job.id} · {job.kind} {job.subject}", _LABEL),
            at=naive(job.created_at),
            state=state.value,
            job_kind=job.kind.value,
            subject=job.subject,
            trigger=job.trigger,
            attempts=job.attempts,
            error=job.error if state is job.state else None,
            finished_at=job.finished_at if state.ended else None,
        )


def _state(job: JobRecord, scope: LineageScope) -> JobState:
    if not scope.limited or scope.seen(naive(job.finished_at)) is not None:
        return job.state
    return JobState.RUNNING if scope.seen(naive(job.started_at)) is not None else JobState.QUEUED
