"""Nodes of the data side: files, parts, dataset versions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.text import counted, safe
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes.node import KeyedNode, make
from shopfloor.lineage.scope import LineageScope
from shopfloor.store import files as stored
from shopfloor.store import history
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

_LABEL = 120


def files(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Delivered files, with the reason where one is not in."""
    earlier = _earlier(query, keys, scope)
    for file in stored.records(query, [key.name for key in keys]):
        if scope.seen(naive(file.seen_at)) is not None:
            key = Key(NodeKind.FILE, file.id)
            yield _file(key, earlier.get(file.id) or _uncertain(file, scope), scope)


def _earlier(query: Query, keys: list[Key], scope: LineageScope) -> dict[str, FileRecord]:
    """Files as they stood then, where they were changed since."""
    if not scope.limited:
        return {}
    images = history.as_of(query, "files", [(key.name,) for key in keys], scope.until)
    return {id: stored.of_image(image) for (id,), image in images.items()}


def _uncertain(file: FileRecord, scope: LineageScope) -> FileRecord:
    """A file that was withdrawn before the history of rows begins: when is not known, but that it had come is."""
    if file.state is not FileState.WITHDRAWN or not scope.before_history:
        return file
    return msgspec.structs.replace(file, state=FileState.COMMITTED)


def _file(key: Key, file: FileRecord, scope: LineageScope) -> KeyedNode:
    done = scope.seen(naive(file.committed_at))
    pending = file.committed_at is not None and done is None
    state = FileState.WAITING if pending else file.state
    return make(
        key,
        scope,
        label=safe(file.path, _LABEL),
        at=naive(file.seen_at),
        state=state.value,
        purpose=file.purpose.value,
        dataset=file.dataset,
        path=safe(file.path),
        sha256=file.sha256,
        bytes=file.bytes,
        rows=file.rows,
        rejected_rows=file.rejected_rows or None,
        version=None if pending else file.version,
        duplicate_of=file.duplicate_of,
        corrects=file.corrects,
        seen_count=file.seen_count,
        reason=file.reason,
        committed_at=done,
    )


def parts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
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
        yield make(
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
        )


def versions(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[KeyedNode]:
    """Dataset versions."""
    rows = query.all(
        """
        SELECT v.dataset, v.version, v.digest, v.rows, v.added_rows, json_array_length(v.columns),
               json_array_length(v.files), v.cause, v.notices, v.created_at,
               coalesce(v.changed_rows, 0)
        FROM dataset_versions v
        JOIN (SELECT unnest(?::VARCHAR[]) AS dataset, unnest(?::INTEGER[]) AS version) USING (dataset, version)
        WHERE v.created_at <= ?
        """,
        [[key.name for key in keys], [key.number for key in keys], scope.until],
    )
    for dataset, version, digest, count, added, columns, delivered, cause, notices, at, changed in rows:
        key = Key(NodeKind.DATASET_VERSION, dataset, version)
        yield make(
            key,
            scope,
            label=f"{dataset} v{version} · {counted(count, 'row')}",
            at=at,
            dataset=dataset,
            version=version,
            digest=digest,
            rows=count,
            added_rows=added,
            changed_rows=changed,
            columns=columns,
            files=delivered,
            cause=cause,
            notices=msgspec.json.decode(notices),
        )
