"""Whatever a job, a version, a deployment or a run without a job names as its cause; and what jobs made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.job import JobRecord
from shopfloor.lineage.causes import CAUSES, SPLIT, holding, job_causes, mentioned, words
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, Step, names, numbered
from shopfloor.store.rows import Query

_JOBS = "SELECT record FROM jobs WHERE created_at <= ?"
# All that `job_causes` reads, as one text; a dataset and its version in two fields become one word.
_FIELDS = "['$.trigger', '$.payload', '$.payload.dataset', '$.payload.dataset_version', '$.payload.version']"
_TABLE = f"(SELECT id, json_extract_string(record, {_FIELDS}) AS said FROM jobs)"
_TEXT = "concat_ws(' ', said[1], said[2], said[3] || '@' || coalesce(said[4], said[5]))"


def _causes_of_jobs(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    yield from _started(
        query.all(f"{_JOBS} AND id IN (SELECT unnest(?::VARCHAR[]))", [scope.until, names(keys)]), scope
    )


def _jobs_of_causes(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_JOBS} AND id IN ({holding(_TABLE, 'id', _TEXT)}) ORDER BY number DESC LIMIT {MAX_ROWS}",
        [scope.until, SPLIT, words(keys)],
    )
    wanted = set(keys)
    yield from (link for link in _started(rows, scope) if link.source in wanted)


def _started(rows: list[tuple[str]], scope: LineageScope) -> Iterator[LineageLink]:
    for (record,) in rows:
        job = msgspec.json.decode(record, type=JobRecord)
        for cause in sorted(job_causes(job, scope)):
            yield LineageLink(cause, Key(NodeKind.JOB, job.id), "started")


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


class _Caused(NamedTuple):
    """Rows (name, number, text, happened) whose text names their cause. `kinds` are the causes that count."""

    rows: str
    kind: NodeKind
    relation: str
    kinds: frozenset[NodeKind]

    def up(self, query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
        """The causes that some rows name."""
        rows = query.all(
            f"SELECT name, number, text FROM ({self.rows}) WHERE happened <= ? "
            "AND (name, number) IN (SELECT unnest(?::VARCHAR[]), unnest(?::BIGINT[]))",
            [scope.until, *numbered(keys)],
        )
        yield from self._links(rows, scope)

    def down(self, query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
        """The rows that name some causes."""
        rows = query.all(
            f"SELECT name, number, text FROM ({self.rows}) WHERE happened <= ? "
            f"AND (name, number) IN ({holding(f'({self.rows})', '(name, number)', 'text')}) LIMIT {MAX_ROWS}",
            [scope.until, SPLIT, words(keys)],
        )
        wanted = set(keys)
        yield from (link for link in self._links(rows, scope) if link.source in wanted)

    def step(self) -> Step:
        """The relation as a step."""
        return Step(self.kinds, frozenset({self.kind}), up=self.up, down=self.down)

    def _links(self, rows: list[tuple[Any, ...]], scope: LineageScope) -> Iterator[LineageLink]:
        for name, number, text in rows:
            target = Key(self.kind, name, number)
            for cause in dict.fromkeys(mentioned(text, scope)):
                if cause.kind in self.kinds and cause != target:
                    yield LineageLink(cause, target, self.relation)


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


_DEPLOYMENTS = _Caused(
    rows="SELECT model AS name, seq AS number, cause AS text, happened_at AS happened FROM alias_history "
    "WHERE alias = 'champion' AND version IS NOT NULL",
    kind=NodeKind.DEPLOYMENT,
    relation="caused",
    kinds=frozenset({NodeKind.JOB, NodeKind.ALERT}),
)
# A run of a job is reached through the job.
_RUNS = _Caused(
    rows="SELECT id AS name, 0 AS number, coalesce(record->>'$.trigger', '') AS text, created_at AS happened FROM runs "
    "WHERE job IS NULL",
    kind=NodeKind.RUN,
    relation="started",
    kinds=frozenset({NodeKind.ALERT}),
)

_VERSIONS = frozenset({NodeKind.DATASET_VERSION})
STEPS = (
    Step(CAUSES, frozenset({NodeKind.JOB}), up=_causes_of_jobs, down=_jobs_of_causes),
    Step(frozenset({NodeKind.JOB}), frozenset({NodeKind.RUN}), up=_jobs_of_runs, down=_runs_of_jobs),
    Step(
        frozenset({NodeKind.JOB}), frozenset({NodeKind.DATASET_VERSION}), up=_jobs_of_versions, down=_versions_of_jobs
    ),
    Step(_VERSIONS, _VERSIONS, up=_restored, down=_restorations),
    *(caused.step() for caused in (_DEPLOYMENTS, _RUNS)),
)
