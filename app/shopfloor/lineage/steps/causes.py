"""What started a job, what jobs made, and what a version brought back."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, LineageStep, names, numbered
from shopfloor.store.rows import Query

# What starts a job. A run does not: a job makes its run.
_CAUSES = frozenset({NodeKind.FILE, NodeKind.DATASET_VERSION, NodeKind.MODEL_VERSION, NodeKind.ALERT, NodeKind.JOB})
_STARTED = """
SELECT kind, name, number, id FROM (
    SELECT id, created_at, unnest(from_json(
        coalesce(record -> '$.causes', '[]'), '[{"kind": "VARCHAR", "name": "VARCHAR", "number": "INTEGER"}]'
    ), recursive := true) FROM jobs
    UNION ALL
    SELECT id, created_at, 'file', unnest(list_concat(
        from_json(coalesce(record -> '$.payload.files', '[]'), '["VARCHAR"]'),
        from_json(coalesce(record -> '$.payload.withdraw', '[]'), '["VARCHAR"]'),
        [record ->> '$.payload.by']
    )), 0 FROM jobs
) WHERE name IS NOT NULL AND created_at <= ?
"""


def _causes_of_jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _started(
        query.all(f"{_STARTED} AND id IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL", [scope.until, names(keys)])
    )


def _jobs_of_causes(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_STARTED} AND (kind, name, number) IN "
        "(SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[])) "
        f"ORDER BY len(id) DESC, id DESC LIMIT {MAX_ROWS}",
        [scope.until, [key.kind for key in keys], *numbered(keys)],
    )
    yield from _started(rows)


def _started(rows: list[tuple[str, str, int, str]]) -> Iterator[LineageLink]:
    for kind, name, number, job in dict.fromkeys(rows):
        yield LineageLink(Key(NodeKind(kind), name, number), Key(NodeKind.JOB, job), "started")


def _jobs_of_runs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _made(query, "id", keys, scope)


def _runs_of_jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _made(query, "job", keys, scope)


def _made(query: Query, column: str, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"SELECT job, id FROM runs WHERE job IS NOT NULL AND created_at <= ? "
        f"AND {column} IN (SELECT unnest(?::VARCHAR[])) ORDER BY number DESC LIMIT {MAX_ROWS}",
        [scope.until, names(keys)],
    )
    for job, run in rows:
        yield LineageLink(Key(NodeKind.JOB, job), Key(NodeKind.RUN, run), "made")


_COMMITS = """
SELECT * FROM (
    SELECT id, subject, TRY_CAST(record->>'$.result.version' AS INTEGER) AS version FROM jobs
    WHERE kind = 'intake' AND state = 'succeeded' AND created_at <= ?
) WHERE version IS NOT NULL
"""


def _jobs_of_versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _committed(
        query.all(
            f"{_COMMITS} AND (subject, version) IN (SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]))",
            [scope.until, *numbered(keys)],
        )
    )


def _versions_of_jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _committed(query.all(f"{_COMMITS} AND id IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)]))


def _committed(rows: list[tuple[str, str, int]]) -> Iterator[LineageLink]:
    for job, dataset, version in rows:
        yield LineageLink(Key(NodeKind.JOB, job), Key(NodeKind.DATASET_VERSION, dataset, version), "committed")


def _restored(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _brought_back(query, "version", keys, scope)


def _restorations(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _brought_back(query, "restored", keys, scope)


def _brought_back(query: Query, column: str, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        "SELECT dataset, restored, version FROM dataset_versions WHERE restored IS NOT NULL AND created_at <= ? "
        f"AND (dataset, {column}) IN (SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[])) LIMIT {MAX_ROWS}",
        [scope.until, *numbered(keys)],
    )
    for dataset, restored, version in rows:
        yield LineageLink(
            Key(NodeKind.DATASET_VERSION, dataset, restored),
            Key(NodeKind.DATASET_VERSION, dataset, version),
            "brought back",
        )


_VERSIONS = frozenset({NodeKind.DATASET_VERSION})
STEPS = (
    LineageStep(_CAUSES, frozenset({NodeKind.JOB}), up=_causes_of_jobs, down=_jobs_of_causes),
    LineageStep(frozenset({NodeKind.JOB}), frozenset({NodeKind.RUN}), up=_jobs_of_runs, down=_runs_of_jobs),
    LineageStep(
        frozenset({NodeKind.JOB}), frozenset({NodeKind.DATASET_VERSION}), up=_jobs_of_versions, down=_versions_of_jobs
    ),
    LineageStep(_VERSIONS, _VERSIONS, up=_restored, down=_restorations),
)
