"""Nodes of the data side: files, parts, dataset versions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.text import counted, safe
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes.node import make
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query, decode

_LABEL = 120


def files(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[tuple[Key, LineageNode]]:
    """Delivered files, with the reason where one is not in."""
    rows = query.all(
        "SELECT id, purpose, dataset, path, sha256, size, rows, rejected_rows, state, reason, version, duplicate_of, "
        "seen_count, seen_at, committed_at, corrects FROM files "
        "WHERE id IN (SELECT unnest(?::VARCHAR[])) AND seen_at <= ?",
        [[key.name for key in keys], scope.until],
    )
    for (
        id,
        purpose,
        dataset,
        path,
        sha256,
        size,
        count,
        rejected,
        state,
        reason,
        version,
        twin,
        seen,
        seen_at,
        done,
        corrects,
    ) in rows:
        pending = done is not None and scope.seen(done) is None
        key = Key(NodeKind.FILE, id)
        yield (
            key,
            make(
                key,
                scope,
                label=safe(path, _LABEL),
                at=seen_at,
                state=FileState.WAITING.value if pending else state,
                purpose=purpose,
                dataset=dataset,
                path=safe(path),
                sha256=sha256,
                bytes=size,
                rows=count,
                rejected_rows=rejected or None,
                version=None if pending else version,
                duplicate_of=twin,
                corrects=corrects,
                seen_count=seen,
                reason=decode(reason, Reason),
                committed_at=scope.seen(done),
            ),
        )


def parts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[tuple[Key, LineageNode]]:
    """Stored parts; state `removed` when no newest version holds them any more."""
    rows = query.all(
        """
        SELECT p.sha256, max(p.rows), max(p.bytes), list(DISTINCT p.dataset ORDER BY p.dataset), min(v.created_at),
               min(p.time_min), max(p.time_max), min(p.added_version), bool_and(r.version IS NOT NULL)
        FROM dataset_parts p
        JOIN dataset_versions v ON v.dataset = p.dataset AND v.version = p.added_version AND v.created_at <= ?
        LEFT JOIN dataset_versions r ON r.dataset = p.dataset AND r.version = p.removed_version AND r.created_at <= ?
        WHERE p.sha256 IN (SELECT unnest(?::VARCHAR[])) GROUP BY p.sha256
        """,
        [scope.until, scope.until, [key.name for key in keys]],
    )
    for sha256, count, size, datasets, at, earliest, latest, added, removed in rows:
        key = Key(NodeKind.PART, sha256)
        yield (
            key,
            make(
                key,
                scope,
                label=f"part {sha256[:8]} · {counted(count, 'row')}",
                at=at,
                state="removed" if removed else "",
                sha256=sha256,
                rows=count,
                bytes=size,
                datasets=datasets,
                added_version=added,
                time_min=earliest,
                time_max=latest,
            ),
        )


def versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[tuple[Key, LineageNode]]:
    """Dataset versions."""
    rows = query.all(
        """
        SELECT v.dataset, v.version, v.digest, v.rows, v.added_rows, json_array_length(v.columns),
               json_array_length(v.files), v.cause, v.notices, v.created_at
        FROM dataset_versions v
        JOIN (SELECT unnest(?::VARCHAR[]) AS dataset, unnest(?::INTEGER[]) AS version) USING (dataset, version)
        WHERE v.created_at <= ?
        """,
        [[key.name for key in keys], [key.number for key in keys], scope.until],
    )
    for dataset, version, digest, count, added, columns, delivered, cause, notices, at in rows:
        key = Key(NodeKind.DATASET_VERSION, dataset, version)
        yield (
            key,
            make(
                key,
                scope,
                label=f"{dataset} v{version} · {counted(count, 'row')}",
                at=at,
                dataset=dataset,
                version=version,
                digest=digest,
                rows=count,
                added_rows=added,
                columns=columns,
                files=delivered,
                cause=cause,
                notices=msgspec.json.decode(notices),
            ),
        )
