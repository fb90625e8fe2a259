"""Datasets, versions and profiles as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shopfloor.cli.output import contracts
from shopfloor.cli.output.cells import (
    NOTHING,
    count,
    figure,
    joined,
    minute,
    moment,
    share,
    size,
    text,
    version,
    words,
    yes,
)
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, sentence, table
from shopfloor.cli.output.width import cut
from shopfloor.domain.columns import Column as DataColumn
from shopfloor.domain.dataset import (
    ColumnDiff,
    ColumnFigures,
    ColumnProfile,
    DatasetRecord,
    DatasetVersion,
    RowChange,
    RowDiff,
    VersionDiff,
    in_order,
)
from shopfloor.domain.numbers import change, row_changes
from shopfloor.domain.requests.datasets import (
    DatasetDefine,
    DatasetFiles,
    DatasetPreview,
    DatasetProfile,
    DatasetRollback,
    DatasetTrust,
)
from shopfloor.domain.text import counted, first_of
from shopfloor.domain.trust import MONITORING

COLUMNS: tuple[TextColumn[DatasetRecord], ...] = (
    TextColumn("NAME", lambda each: text(each.name), room=20),
    TextColumn("VERSION", lambda each: version(each.version or None), right=True),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("ADDED", lambda each: count(each.added_rows), right=True, drop=4),
    TextColumn("COLUMNS", lambda each: count(each.columns), right=True, drop=3),
    TextColumn("FILES", lambda each: count(each.files), right=True, drop=5),
    TextColumn("QUARANTINED", lambda each: count(each.quarantined), right=True, drop=2),
    TextColumn("SIZE", lambda each: size(each.bytes), right=True, drop=6),
    TextColumn("MODE", lambda each: text(each.mode), drop=7),
    TextColumn("UPDATED", lambda each: minute(each.updated_at), drop=1),
    TextColumn("USED BY", lambda each: joined(each.used_by), room=16, drop=8),
)
EMPTY = "No dataset yet. Drop a file into inbox/NAME/, or: shopfloor add FILE --dataset NAME"

VERSIONS: tuple[TextColumn[DatasetVersion], ...] = (
    TextColumn("VERSION", lambda each: version(each.version)),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("ADDED", lambda each: change(each.added_rows), right=True),
    TextColumn("CHANGED", lambda each: count(each.changed_rows), right=True, drop=1),
    TextColumn("COLUMNS", lambda each: count(len(each.columns)), right=True, drop=2),
    TextColumn("PARTS", lambda each: count(len(each.parts)), right=True, drop=3),
    TextColumn("FILES", lambda each: count(len(each.files)), right=True, drop=4),
    TextColumn("CREATED", lambda each: minute(each.created_at)),
    TextColumn("DIGEST", lambda each: text(each.digest)[:12], drop=5),
    TextColumn("TRUST", lambda each: each.trust.trust.value if each.trust is not None else NOTHING, drop=1),
    TextColumn("CAUSE", lambda each: words(each.cause), room=16),
)

SCHEMA: tuple[TextColumn[DataColumn], ...] = (
    TextColumn("COLUMN", lambda each: text(each.name), room=20),
    TextColumn("TYPE", lambda each: text(each.written)),
    TextColumn("MAY BE MISSING", lambda each: yes(each.nullable)),
)

PROFILE: tuple[TextColumn[ColumnProfile], ...] = (
    TextColumn("COLUMN", lambda each: text(each.name), room=20),
    TextColumn("TYPE", lambda each: text(each.type)),
    TextColumn("MISSING", lambda each: share(each.missing / each.rows if each.rows else 0), right=True),
    TextColumn("DISTINCT", lambda each: about(each, "distinct", count(each.distinct)), right=True),
    TextColumn("MIN", lambda each: text(each.min), right=True, room=20, drop=2),
    TextColumn("MAX", lambda each: text(each.max), right=True, room=20, drop=2),
    TextColumn("MEAN", lambda each: figure(each.mean), right=True, drop=1),
    TextColumn("MEDIAN", lambda each: about(each, "quantiles", median(each)), right=True, room=12, drop=4),
    TextColumn("MOST FREQUENT", lambda each: about(each, "top", _top(each)), room=24, drop=3),
)
APPROXIMATE = (
    "~ is approximate: distinct values from a sketch with a standard error of 2.2 %, quantiles within 1/64 of the "
    "value or 1/1023 of the range, counts of frequent values short by at most 0.2 % of the rows."
)

STATISTICS: tuple[TextColumn[ColumnDiff], ...] = (
    TextColumn("COLUMN", lambda each: text(each.name), room=20),
    TextColumn("TYPE", lambda each: moved(text(each.left_type), text(each.right_type))),
    TextColumn("ROWS CHANGED", lambda each: count(each.changed_rows), right=True),
    TextColumn("MISSING", lambda each: _moved(each, lambda one: count(one.missing)), room=14),
    TextColumn("DISTINCT", lambda each: _moved(each, lambda one: count(one.distinct)), room=14, drop=2),
    TextColumn("MEAN", lambda each: _moved(each, lambda one: figure(one.mean)), room=14, drop=1),
    TextColumn("MIN", lambda each: _moved(each, lambda one: text(one.min)), room=14, drop=3),
    TextColumn("MAX", lambda each: _moved(each, lambda one: text(one.max)), room=14, drop=4),
)


def about(profile: ColumnProfile, name: str, shown: str) -> str:
    """A figure, with a mark where it is approximate."""
    return f"~{shown}" if name in profile.approximate else shown


def median(profile: ColumnProfile) -> str:
    """The value in the middle."""
    return text(dict(profile.quantiles).get(0.5))


def moved(before: str, after: str) -> str:
    """One figure where nothing moved, else both."""
    before, after = before or NOTHING, after or NOTHING
    return before if before == after else f"{before} -> {after}"


def _moved(column: ColumnDiff, figure: Callable[[ColumnFigures], str]) -> str:
    left, right = ("" if side is None else figure(side) for side in (column.left, column.right))
    return moved(left, right)


def describe(dataset: DatasetRecord, width: int | None) -> str:
    """One dataset at a glance."""
    return facts(
        [
            ("dataset", text(dataset.name)),
            ("mode", text(dataset.mode)),
            *_query(dataset),
            ("version", version(dataset.version or None)),
            ("rows", f"{count(dataset.rows)} ({row_changes(dataset.added_rows, dataset.changed_rows)} last)"),
            ("columns", count(dataset.columns)),
            ("parts", f"{count(dataset.parts)}, {size(dataset.bytes)}"),
            ("files", f"{count(dataset.files)} committed, {count(dataset.quarantined)} quarantined"),
            ("updated", moment(dataset.updated_at)),
            ("used by", joined(dataset.used_by)),
            *([("waits", text(dataset.problem))] if dataset.problem else []),
        ],
        width,
    )


def describe_version(found: DatasetVersion, width: int | None) -> str:
    """One version with its columns."""
    known = [
        ("version", f"{text(found.dataset)}@{found.version}"),
        ("rows", f"{count(found.rows)} ({row_changes(found.added_rows, found.changed_rows)})"),
        ("parts", f"{count(len(found.parts))}, {size(sum(part.bytes for part in found.parts))}"),
        ("files", _files(found.files)),
        ("digest", text(found.digest)),
        ("created", moment(found.created_at)),
        ("cause", text(found.cause)),
        *_trust(found),
        *([("contract", f"revision {found.contract_revision}")] if found.contract_revision else []),
        *(("notice", text(notice)) for notice in found.notices),
    ]
    return paragraphs(facts(known, width), table(SCHEMA, found.columns, width))


def describe_diff(diff: VersionDiff, width: int | None) -> str:
    """What changed between two versions, with + and -."""
    rows = [
        ("versions", f"{text(diff.dataset)}@{diff.left} -> {text(diff.dataset)}@{diff.right}"),
        ("rows", f"{count(diff.rows_left)} -> {count(diff.rows_right)}"),
        *(_by_part(diff) if diff.row_diff is None else []),
        ("files added", _files(diff.files_added)),
    ]
    changes = [
        *(f"+ {text(name)}" for name in diff.added_columns),
        *(f"- {text(name)}" for name in diff.removed_columns),
        *(f"~ {text(name)}" for name in diff.retyped_columns),
    ]
    columns = "columns\n" + "\n".join(f"  {line}" for line in changes) if changes else ""
    return paragraphs(
        facts(rows, width),
        columns or sentence("The columns have the same names and types.", width),
        _columns(diff.columns, width),
        *([] if diff.row_diff is None else describe_rows(diff, diff.row_diff, width)),
    )


def _by_part(diff: VersionDiff) -> list[tuple[str, str]]:
    """Counts that no row was read for; those of the rows themselves say it better."""
    return [
        ("added rows", change(diff.added_rows)),
        ("removed rows", f"-{count(diff.removed_rows)}" if diff.removed_rows else "0"),
    ]


def _columns(columns: Sequence[ColumnDiff], width: int | None) -> str:
    """The columns in which something moved."""
    moving = [each for each in columns if each.left != each.right or each.left_type != each.right_type]
    same = len(columns) - len(moving)
    if not moving:
        return sentence("All column statistics are equal.", width) if columns else ""
    rest = sentence(f"{count(same)} more with equal statistics.", width) if same else ""
    return paragraphs(table(STATISTICS, moving, width), rest)


def describe_rows(diff: VersionDiff, rows: RowDiff, width: int | None) -> list[str]:
    """Rows that were added, removed and changed: their numbers, then examples."""
    by = f"by {joined(rows.key)}" if rows.key else "as whole rows; --key matches old and new rows"
    known = [
        ("compared", by),
        ("added", count(rows.added)),
        ("removed", count(rows.removed)),
        *([("changed", count(rows.changed))] if rows.key else []),
        ("unchanged", count(rows.unchanged)),
    ]
    more = "Not all rows are shown; more: --limit N" if rows.truncated and rows.examples else ""
    order = [column.name for column in diff.columns]
    examples = "\n".join(_fitted(_row_change(each, order), width) for each in rows.examples)
    return [facts(known, width), examples, sentence(more, width) if more else ""]


def _row_change(row: RowChange, order: Sequence[str]) -> str:
    """`~ id=2  plan: plus -> pro`, `+ …` or `- …`."""
    sign = {"added": "+", "removed": "-"}.get(row.change, "~")
    keys = [f"{text(name)}={text(value)}" for name, value in row.key.items()]
    shown = in_order(row.old or row.new, order)
    if row.change == "changed":
        values = [f"{text(name)}: {text(old)} -> {text(row.new.get(name))}" for name, old in shown]
    else:
        values = [f"{text(name)}={text(value)}" for name, value in shown]
    copies = [f"({count(row.copies)} times)"] if row.copies > 1 else []
    return "  ".join([sign + " " + " ".join(keys) if keys else sign, *values, *copies])


def _fitted(line: str, width: int | None) -> str:
    return line if width is None else cut(line, width)


def describe_profile(profile: DatasetProfile, width: int | None) -> str:
    """Statistics of every column; what is approximate is marked and explained."""
    title = f"{text(profile.dataset)}@{profile.version}: {counted(profile.rows, 'row')}"
    doubtful = any(column.approximate for column in profile.columns)
    return paragraphs(
        sentence(title, width),
        table(PROFILE, profile.columns, width),
        sentence(APPROXIMATE, width) if doubtful else "",
    )


def describe_preview(preview: DatasetPreview, width: int | None) -> str:
    """Rows as a table; a missing value is a dash."""
    layout = [
        TextColumn[Sequence[str | None]](text(name), _nth(index), room=20, drop=index)
        for index, name in enumerate(preview.columns)
    ]
    return table(layout, preview.rows, width) if layout else ""


def describe_parts(files: DatasetFiles) -> str:
    """One path a line, ready for another tool."""
    return "\n".join(text(part.path) for part in files.parts)


def _nth(index: int) -> Callable[[Sequence[str | None]], str]:
    return lambda row: text(row[index])


def _files(files: tuple[str, ...]) -> str:
    return first_of([text(file) for file in files], 10) or NOTHING


def _top(profile: ColumnProfile) -> str:
    return ", ".join(f"{text(value)} ({count(times)})" for value, times in profile.top[:3])


def _trust(found: DatasetVersion) -> list[tuple[str, str]]:
    """The verdict about the rows that it brought, why, and who said so."""
    verdict = found.trust
    if verdict is None:
        return []
    why = f": {text(verdict.why)}" if verdict.why else ""
    by = f" by {text(verdict.decided_by)}" if verdict.decided_by != MONITORING else ""
    return [("trust", f"{verdict.trust}{by}{why}")]


def _query(dataset: DatasetRecord) -> list[tuple[str, str]]:
    """What makes its rows, and made the newest of them."""
    if not dataset.query:
        return []
    read = joined([one.ref for one in dataset.inputs]) if dataset.inputs else "nothing yet"
    return [("query", text(" ".join(dataset.query.split()))), ("made from", read)]


def _declared(request: DatasetTrust, found: DatasetVersion) -> str:
    return f"{found.dataset}@{found.version} is trusted"


def _rolled_back(request: DatasetRollback, found: DatasetVersion) -> str:
    return f"{found.dataset}@{found.version} has the content of {request.ref}"


FORMATS = {
    DatasetDefine: Format(
        contracts.describe, state=lambda request, contract: f"dataset {contract.name} already has this definition"
    ),
    DatasetTrust: Format(
        describe_version,
        state=_declared,
        done=lambda *args: f"{_declared(*args)}.",
        already=lambda before, found: before.trust == found.trust,
    ),
    DatasetRollback: Format(
        describe_version,
        state=_rolled_back,
        done=lambda *args: f"{_rolled_back(*args)}.",
        already=lambda before, found: before.version == found.version,
    ),
}
