"""Nodes of the model side: runs, model versions, deployments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from shopfloor.domain.release import Decision, ModelVersion
from shopfloor.domain.run import RunRecord, RunState
from shopfloor.lineage.deployments import ServedVersion, deployments
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes.node import KeyedNode, make
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

_FALLBACKS = 50


def runs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Runs; for a model family also which segments fell back to the pooled model, and why."""
    rows = query.all(
        "SELECT record, created_at FROM runs WHERE id IN (SELECT unnest(?::VARCHAR[])) AND created_at <= ?",
        [[key.name for key in keys], scope.until],
    )
    for record, at in rows:
        run = msgspec.json.decode(record, type=RunRecord)
        state, ended = _state(run, scope)
        key = Key(NodeKind.RUN, run.id)
        facts = _results(run) if ended else {}
        without = f"without {', '.join(run.excluded)}" if run.excluded else None
        label = " · ".join(text for text in (run.id, run.model, run.chosen if ended else None, without) if text)
        yield make(
            key,
            scope,
            label=label,
            at=at,
            state=state.value,
            model=run.model,
            dataset=run.dataset,
            dataset_version=run.dataset_version,
            trigger=run.trigger,
            seed=run.seed,
            excluded=run.excluded or None,
            **facts,
        )


def _state(run: RunRecord, scope: LineageScope) -> tuple[RunState, bool]:
    """The state at the moment of the trace, and whether the results were known by then."""
    if not scope.limited:
        return run.state, True
    started = scope.seen(naive(run.started_at))
    if started is None:
        return RunState.QUEUED, False
    ended = started + timedelta(seconds=run.duration_s or 0.0)
    if run.duration_s is None or ended > scope.until:
        return RunState.RUNNING, False
    return run.state, True


def _results(run: RunRecord) -> dict[str, Any]:
    pooled = [segment for segment in run.segments if segment.fallback]
    return {
        "chosen": run.chosen,
        "metrics": run.metrics,
        "duration_s": run.duration_s,
        "error": run.error,
        "notes": run.notes,
        "segments": len(run.segments) or None,
        "pooled_segments": len(pooled) or None,
        "pooled": [
            {"segment": segment.segment, "rows": segment.rows, "reason": segment.fallback}
            for segment in pooled[:_FALLBACKS]
        ],
        "artifact": run.artifact.sha256 if run.artifact else None,
    }


def versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Model versions with the gate's decision; the state holds the aliases."""
    held = _aliases(query, {key.name for key in keys}, scope)
    rows = query.all(
        """
        SELECT v.record, v.created_at, v.trained_until FROM model_versions v
        JOIN (SELECT unnest(?::VARCHAR[]) AS model, unnest(?::INTEGER[]) AS version) USING (model, version)
        WHERE v.created_at <= ?
        """,
        [[key.name for key in keys], [key.number for key in keys], scope.until],
    )
    for record, at, trained_until in rows:
        found = msgspec.json.decode(record, type=ModelVersion)
        key = Key(NodeKind.MODEL_VERSION, found.model, found.version)
        yield make(
            key,
            scope,
            label=f"{found.model} v{found.version}",
            at=at,
            state=", ".join(held[key]),
            model=found.model,
            version=found.version,
            run=found.run,
            dataset_version=found.dataset_version,
            artifact=found.artifact.sha256,
            score=found.score,
            approvals=found.approvals,
            trained_until=trained_until,
            **_decision(found.decision, scope),
        )


def _aliases(query: Query, models: set[str], scope: LineageScope) -> dict[Key, list[str]]:
    rows = query.all(
        """
        SELECT model, version, alias FROM (
            SELECT model, alias, arg_max(version, seq) AS version FROM (
                SELECT model, alias, coalesce(version, 0) AS version, seq FROM alias_history
                WHERE happened_at <= ? AND model IN (SELECT unnest(?::VARCHAR[]))
            ) GROUP BY model, alias
        ) ORDER BY alias
        """,
        [scope.until, sorted(models)],
    )
    held: dict[Key, list[str]] = defaultdict(list)
    for model, version, alias in rows:
        held[Key(NodeKind.MODEL_VERSION, model, version)].append(alias)
    return held


def _decision(decision: Decision | None, scope: LineageScope) -> dict[str, Any]:
    if decision is None or (scope.limited and scope.seen(naive(decision.decided_at)) is None):
        return {}
    return {
        "outcome": decision.outcome.value,
        "reason": decision.reason,
        "metric": decision.metric,
        "against": decision.champion,
        "gain": decision.gain,
        "decided_at": decision.decided_at,
        "decided_by": decision.decided_by,
        "failed_checks": [check.code for check in decision.checks if check.passed is False],
        "undecided_checks": [check.code for check in decision.checks if check.passed is None],
    }


def deployed(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Deployments: who made which version champion when, and why."""
    wanted = set(keys)
    for held in deployments(query, {key.name for key in keys}, scope):
        if held.key in wanted:
            yield make(
                held.key,
                scope,
                label=_span(held),
                at=held.since,
                state="ended" if held.until else "active",
                model=held.model,
                version=held.version,
                previous=held.previous,
                since=held.since,
                until=held.until,
                actor=held.actor,
                cause=held.cause,
                reason=held.reason,
            )


def _span(held: ServedVersion) -> str:
    end = f" to {held.until:%Y-%m-%d %H:%M}" if held.until else ""
    return f"{held.model} v{held.version} champion from {held.since:%Y-%m-%d %H:%M}{end}"
