"""dataset version → run, run → model version, model version → deployment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shopfloor.lineage.deployments import deployments
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, LineageStep, names, numbered
from shopfloor.store.rows import Query

_RUNS = "SELECT id, dataset, dataset_version FROM runs WHERE dataset_version IS NOT NULL AND created_at <= ?"
_VERSIONS = "SELECT run, model, version FROM model_versions WHERE created_at <= ?"
_PAIRS = "(SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]))"


def _data_of_runs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(f"{_RUNS} AND id IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)])
    yield from _trained(rows)


def _runs_of_data(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_RUNS} AND (dataset, dataset_version) IN {_PAIRS} ORDER BY number DESC LIMIT {MAX_ROWS}",
        [scope.until, *numbered(keys)],
    )
    yield from _trained(rows)


def _trained(rows: list[tuple[Any, ...]]) -> Iterator[LineageLink]:
    for id, dataset, version in rows:
        yield LineageLink(Key(NodeKind.DATASET_VERSION, dataset, version), Key(NodeKind.RUN, id), "trained")


def _runs_of_versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _registered(query.all(f"{_VERSIONS} AND (model, version) IN {_PAIRS}", [scope.until, *numbered(keys)]))


def _versions_of_runs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _registered(
        query.all(f"{_VERSIONS} AND run IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)])
    )


def _registered(rows: list[tuple[Any, ...]]) -> Iterator[LineageLink]:
    for run, model, version in rows:
        yield LineageLink(Key(NodeKind.RUN, run), Key(NodeKind.MODEL_VERSION, model, version), "registered as")


def _versions_of_deployments(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    wanted = set(keys)
    yield from (link for link in _deployed(query, keys, scope) if link.target in wanted)


def _deployments_of_versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    wanted = set(keys)
    yield from (link for link in _deployed(query, keys, scope) if link.source in wanted)


def _deployed(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    for held in deployments(query, names(keys), scope):
        yield LineageLink(held.release, held.key, "deployed as")


STEPS = (
    LineageStep(frozenset({NodeKind.DATASET_VERSION}), frozenset({NodeKind.RUN}), up=_data_of_runs, down=_runs_of_data),
    LineageStep(
        frozenset({NodeKind.RUN}), frozenset({NodeKind.MODEL_VERSION}), up=_runs_of_versions, down=_versions_of_runs
    ),
    LineageStep(
        frozenset({NodeKind.MODEL_VERSION}),
        frozenset({NodeKind.DEPLOYMENT}),
        up=_versions_of_deployments,
        down=_deployments_of_versions,
    ),
)
