"""What the metadata refers to on disk: nothing of it may ever be removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shopfloor.store.jobs import HELD, OPEN
from shopfloor.store.rows import Query
from shopfloor.workspace.layout import Layout


@dataclass(frozen=True)
class Artifact:
    """One model artifact and whose it is."""

    sha256: str
    model: str
    path: Path


@dataclass(frozen=True)
class LogPart:
    """One part of the inference log."""

    sha256: str
    model: str
    path: Path


@dataclass(frozen=True)
class References:
    """`parts` maps sha256 to the recorded size; parts of old versions count like any other.

    `staged` are the claimed copies of files that wait, `jobs` the text of all open jobs, and `busy_since`
    when the first of the running ones started: what is younger may be theirs.
    """

    parts: dict[str, int]
    artifacts: tuple[Artifact, ...]
    logs: tuple[LogPart, ...]
    staged: frozenset[str]
    jobs: str
    busy_since: datetime | None


def references(query: Query, layout: Layout) -> References:
    """Everything the store refers to, in one snapshot."""
    parts = query.all(
        "SELECT sha256, max(bytes) FROM dataset_parts GROUP BY sha256 ORDER BY max(added_version) DESC, sha256"
    )
    artifacts = query.all(
        "SELECT DISTINCT sha256, model FROM (SELECT sha256, model FROM model_versions "
        "UNION ALL SELECT record->>'$.artifact.sha256', model FROM runs) WHERE sha256 IS NOT NULL ORDER BY ALL"
    )
    logs = query.all("SELECT sha256, model, path FROM inference_parts ORDER BY created_at DESC, sha256")
    staged = query.all(
        "SELECT staged FROM files WHERE staged IS NOT NULL AND state IN ('settling', 'waiting', 'staged')"
    )
    jobs = query.all(f"SELECT record FROM jobs WHERE state IN ({OPEN})")
    busy = query.one(
        "SELECT min(coalesce(TRY_CAST(record->>'$.started_at' AS TIMESTAMPTZ) AT TIME ZONE 'UTC', created_at)) "
        f"FROM jobs WHERE state IN ({HELD})"
    )
    return References(
        parts=dict(parts),
        artifacts=tuple(Artifact(sha256, model, artifact_path(layout, sha256)) for sha256, model in artifacts),
        logs=tuple(LogPart(sha256, model, layout.root / path) for sha256, model, path in logs),
        staged=frozenset(row[0] for row in staged),
        jobs="\n".join(row[0] for row in jobs),
        busy_since=busy[0] if busy else None,
    )


def artifact_path(layout: Layout, sha256: str) -> Path:
    """Where an artifact lies."""
    return layout.objects / "artifacts" / sha256[:2] / sha256
