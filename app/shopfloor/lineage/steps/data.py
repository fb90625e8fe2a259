"""file → file with the same content, file → part, part → dataset version."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.scope import MAX_ROWS, LineageScope
from shopfloor.lineage.steps.step import LineageLink, LineageStep, names, numbered
from shopfloor.store.rows import Query

_SPANS = """
SELECT DISTINCT sha256, span.file AS file FROM (
    SELECT sha256, unnest(from_json(files, '[{"file":"VARCHAR"}]')) AS span FROM dataset_parts
"""


def _originals(query: Query, keys: list[Key], _: LineageScope) -> Iterator[LineageLink]:
    yield from _same(query, "id", keys)


def _nothing(query: Query, keys: list[Key], _: LineageScope) -> Iterator[LineageLink]:
    """A file did not come from the later deliveries of its content; upwards they would only be noise."""
    yield from ()


def _same(query: Query, column: str, keys: list[Key]) -> Iterator[LineageLink]:
    rows = query.all(
        "SELECT id, duplicate_of FROM files WHERE duplicate_of IS NOT NULL "
        f"AND {column} IN (SELECT unnest(?::VARCHAR[])) ORDER BY number DESC LIMIT {MAX_ROWS}",
        [names(keys)],
    )
    for id, twin in rows:
        yield LineageLink(Key(NodeKind.FILE, id), Key(NodeKind.FILE, twin), "same content as")


def _files_of_parts(query: Query, keys: list[Key], _: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_SPANS} WHERE sha256 IN (SELECT unnest(?::VARCHAR[]))) ORDER BY ALL LIMIT {MAX_ROWS}", [names(keys)]
    )
    yield from _stored(rows)


def _parts_of_files(query: Query, keys: list[Key], _: LineageScope) -> Iterator[LineageLink]:
    wanted = names(keys)
    rows = query.all(
        f"{_SPANS} WHERE dataset IN (SELECT dataset FROM files WHERE id IN (SELECT unnest(?::VARCHAR[])))) "
        f"WHERE span.file IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL LIMIT {MAX_ROWS}",
        [wanted, wanted],
    )
    yield from _stored(rows)


def _stored(rows: list[tuple[str, str]]) -> Iterator[LineageLink]:
    for sha256, file in rows:
        yield LineageLink(Key(NodeKind.FILE, file), Key(NodeKind.PART, sha256), "stored in")


_HELD = """
SELECT p.sha256, v.dataset, v.version FROM dataset_versions v JOIN dataset_parts p
ON p.dataset = v.dataset AND p.added_version <= v.version
AND (p.removed_version IS NULL OR p.removed_version > v.version)
"""


def _parts_of_versions(query: Query, keys: list[Key], _: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_HELD} JOIN (SELECT unnest(?::VARCHAR[]) AS dataset, unnest(?::INTEGER[]) AS version) k "
        f"ON k.dataset = v.dataset AND k.version = v.version ORDER BY p.added_version DESC, p.ordinal LIMIT {MAX_ROWS}",
        numbered(keys),
    )
    yield from _contained(rows)


def _versions_of_parts(query: Query, keys: list[Key], scope: LineageScope) -> Iterator[LineageLink]:
    rows = query.all(
        f"{_HELD} WHERE p.sha256 IN (SELECT unnest(?::VARCHAR[])) AND v.created_at <= ? "
        f"ORDER BY v.created_at DESC, v.version DESC LIMIT {MAX_ROWS}",
        [names(keys), scope.until],
    )
    yield from _contained(rows)


def _contained(rows: list[tuple[str, str, int]]) -> Iterator[LineageLink]:
    for sha256, dataset, version in rows:
        yield LineageLink(Key(NodeKind.PART, sha256), Key(NodeKind.DATASET_VERSION, dataset, version), "part of")


STEPS = (
    LineageStep(frozenset({NodeKind.FILE}), frozenset({NodeKind.FILE}), up=_nothing, down=_originals),
    LineageStep(frozenset({NodeKind.FILE}), frozenset({NodeKind.PART}), up=_files_of_parts, down=_parts_of_files),
    LineageStep(
        frozenset({NodeKind.PART}),
        frozenset({NodeKind.DATASET_VERSION}),
        up=_parts_of_versions,
        down=_versions_of_parts,
    ),
)
