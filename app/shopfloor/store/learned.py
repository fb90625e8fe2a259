"""Which model versions learned from which files, and how many of those rows are in the dataset still."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from shopfloor.domain.dataset import Part
from shopfloor.domain.release import WithdrawnRows
from shopfloor.domain.run import RunRecord
from shopfloor.store.rows import Query

_LOST = """
WITH spans AS (
    SELECT added_version, removed_version, span.file AS file, span.rows AS rows FROM (
        SELECT added_version, removed_version, unnest(from_json(files, '[{"file":"VARCHAR","rows":"BIGINT"}]')) AS span
        FROM dataset_parts WHERE dataset = ?
    ) WHERE span.file IN (SELECT unnest(?::VARCHAR[]))
), present AS (
    SELECT file, sum(rows) AS rows FROM spans WHERE removed_version IS NULL GROUP BY file
), learned AS (
    SELECT v.model, v.version, s.file, sum(s.rows) AS rows FROM model_versions v JOIN runs r ON r.id = v.run
    JOIN spans s ON s.added_version <= r.dataset_version
        AND (s.removed_version IS NULL OR s.removed_version > r.dataset_version)
    WHERE r.dataset = ? GROUP BY ALL
)
SELECT l.model, l.version, l.file, greatest(l.rows - coalesce(p.rows, 0), 0)::BIGINT FROM learned l
LEFT JOIN present p ON p.file = l.file ORDER BY ALL
"""

Lost = dict[tuple[str, int], dict[str, int]]
"""By (model, version): rows by file that it learned from and that are gone."""


def lost_rows(query: Query, dataset: str, files: Iterable[str]) -> Lost:
    """What each model version learned from `files` and is not in the newest version any more, 0 where all is."""
    wanted = sorted(files)
    found: Lost = {}
    for model, version, file, rows in query.all(_LOST, [dataset, wanted, dataset]):
        found.setdefault((model, version), {})[file] = rows
    excluded = _excluded(query, found)
    return {
        key: kept
        for key, counts in found.items()
        if (kept := {file: rows for file, rows in counts.items() if file not in excluded.get(key, ())})
    }


def _excluded(query: Query, found: Lost) -> dict[tuple[str, int], frozenset[str]]:
    """The files that these versions left out."""
    rows = query.all(
        "SELECT v.model, v.version, r.record FROM model_versions v JOIN runs r ON r.id = v.run "
        "WHERE (v.model, v.version) IN (SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]))",
        [[model for model, _ in found], [version for _, version in found]],
    )
    return {
        (model, version): frozenset(msgspec.json.decode(record, type=RunRecord).excluded)
        for model, version, record in rows
    }


def rows_by_file(parts: Sequence[Part]) -> Mapping[str, int]:
    """How many rows of each file `parts` hold."""
    counts: dict[str, int] = {}
    for part in parts:
        for span in part.files:
            counts[span.file] = counts.get(span.file, 0) + span.rows
    return counts


def withdrawn_champions(query: Query) -> dict[str, WithdrawnRows]:
    """By model: the rows that its champion learned from and that are gone."""
    rows = query.all(
        "SELECT v.model, v.record ->> '$.withdrawn' FROM aliases a "
        "JOIN model_versions v ON v.model = a.model AND v.version = a.version "
        "WHERE a.alias = 'champion' AND v.record ->> '$.withdrawn' IS NOT NULL"
    )
    return {model: msgspec.json.decode(mark, type=WithdrawnRows) for model, mark in rows}
