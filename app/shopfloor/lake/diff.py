"""What changed between two versions of a dataset, from their manifests alone."""

from __future__ import annotations

from collections import Counter

from shopfloor.domain.dataset import DatasetVersion, VersionDiff
from shopfloor.lake.manifest import files_of


def diff(left: DatasetVersion, right: DatasetVersion) -> VersionDiff:
    """Rows by part identity, columns by name and type. Reads no data.

    Parts that both versions hold are unchanged. In the others rows are counted by the file they
    was read from, so a part that was rewritten without some rows (upsert, corrected file) counts
    those as removed and not the ones that stayed. `DatasetVersion.files` are only the files that a
    version took in itself, so those of the versions between are read from the parts.
    """
    shared = _parts(left) & _parts(right)
    before, after = _rows(left, shared), _rows(right, shared)
    types = {column.name: column.type for column in left.columns}
    names = {column.name for column in right.columns}
    known = {*left.files, *files_of(left.parts)}
    return VersionDiff(
        dataset=right.dataset,
        left=left.version,
        right=right.version,
        rows_left=left.rows,
        rows_right=right.rows,
        added_rows=sum((after - before).values()),
        removed_rows=sum((before - after).values()),
        added_columns=tuple(c.name for c in right.columns if c.name not in types),
        removed_columns=tuple(c.name for c in left.columns if c.name not in names),
        retyped_columns=tuple(c.name for c in right.columns if c.name in types and types[c.name] is not c.type),
        files_added=tuple(file for file in dict.fromkeys((*files_of(right.parts), *right.files)) if file not in known),
    )


def _parts(version: DatasetVersion) -> Counter[str]:
    return Counter(part.sha256 for part in version.parts)


def _rows(version: DatasetVersion, shared: Counter[str]) -> Counter[str]:
    """Rows by file, of the parts that the other version does not hold."""
    left = Counter(shared)
    rows: Counter[str] = Counter()
    for part in version.parts:
        if left[part.sha256] > 0:
            left[part.sha256] -= 1
            continue
        for span in part.files:
            rows[span.file] += span.rows
        rows[part.sha256] += part.rows - sum(span.rows for span in part.files)
    return rows
