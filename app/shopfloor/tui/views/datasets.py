"""Datasets, their versions, contracts and profiles on screen."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import ColumnProfile, DatasetRecord, DatasetVersion, VersionDiff
from shopfloor.domain.file import FileRecord
from shopfloor.domain.requests.datasets import DatasetPreview
from shopfloor.tui.theme import OK, WAIT, WARN
from shopfloor.tui.views import words
from shopfloor.tui.views.files import file_line
from shopfloor.tui.widgets.columns import Column
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import sparkline

COLUMNS = (
    Column("state", "STATE", width=5),
    Column("name", "NAME", ratio=2, min=10, max=24),
    Column("version", "VER", width=4, align="right"),
    Column("rows", "ROWS", width=10, align="right"),
    Column("added", "ΔROWS", width=7, align="right", priority=60),
    Column("held", "HELD", width=4, align="right", priority=70),
    Column("landed", "CAME", width=4, align="right", priority=80),
    Column("columns", "COLS", width=4, align="right", priority=40),
    Column("used", "USED BY", ratio=3, min=12, max=24, priority=50),
)


def row(dataset: DatasetRecord) -> Row:
    """One line of the list."""
    state = WARN if dataset.quarantined else OK if dataset.version else WAIT
    return Row(
        dataset.name,
        (
            Cell(state.word, state.tone),
            dataset.name,
            words.version(dataset.version or None),
            words.count(dataset.rows),
            words.signed(dataset.added_rows),
            Cell(str(dataset.quarantined), "warn") if dataset.quarantined else words.NONE,
            words.ago(dataset.updated_at),
            words.count(dataset.columns),
            ", ".join(dataset.used_by) or words.NONE,
        ),
    )


def sections(
    dataset: DatasetRecord, versions: Sequence[DatasetVersion], files: Sequence[FileRecord], contract: Contract | None
) -> list[Section]:
    """The detail: figures, files that came, versions, columns."""
    found = [Section("summary", dataset.name, _summary(dataset, versions))]
    if files:
        found.append(
            Section(
                "files",
                "Files",
                [file_line(file) for file in files],
                note="enter lists all",
            )
        )
    if versions:
        lines = [_version_line(version) for version in versions]
        found.append(Section("versions", "Versions", lines, note="h lists all"))
        if versions[0].notices:
            found.append(Section("notices", "Notices", "\n".join(versions[0].notices)))
    if contract is not None and contract.columns:
        pairs = [
            Pair(column.name, column.written + ("" if column.nullable else ", required")) for column in contract.columns
        ]
        found.append(
            Section("contract", "Contract", pairs, note=f"{contract.schema_policy} · revision {contract.revision}")
        )
    return found


def _summary(dataset: DatasetRecord, versions: Sequence[DatasetVersion]) -> list[Pair]:
    digest = versions[0].digest[:12] if versions else words.NONE
    return [
        Pair("version", f"{words.version(dataset.version or None)}  {digest}"),
        Pair("rows", f"{words.count(dataset.rows)}  ({words.signed(dataset.added_rows)} in the newest)"),
        Pair("size", f"{words.size(dataset.bytes)} in {dataset.parts} parts"),
        Pair("takes in", f"{dataset.mode} · inbox/{dataset.name}/"),
        Pair("updated", f"{words.stamp(dataset.updated_at)} UTC"),
        Pair("quarantine", f"{words.many(dataset.quarantined, 'file')} for you to look at: enter", "warn")
        if dataset.quarantined
        else Pair("quarantine", "empty"),
    ]


VERSION_COLUMNS = (
    Column("version", "VER", width=5, align="right"),
    Column("rows", "ROWS", width=10, align="right"),
    Column("added", "ΔROWS", width=9, align="right", priority=70),
    Column("size", "SIZE", width=8, align="right", priority=60),
    Column("cause", "CAME FROM", ratio=1, min=16),
    Column("when", "AGE", width=4, align="right", priority=80),
)


def version_row(version: DatasetVersion) -> Row:
    """One line of the list of versions."""
    return Row(
        f"{version.dataset}@{version.version}",
        (
            Cell(f"@{version.version}", "strong"),
            words.count(version.rows),
            words.signed(version.added_rows),
            words.size(sum(part.bytes for part in version.parts)),
            version.cause or words.NONE,
            words.ago(version.created_at),
        ),
    )


def version_sections(version: DatasetVersion) -> list[Section]:
    """The detail of one version."""
    pairs = [
        Pair("rows", f"{words.count(version.rows)}  ({words.signed(version.added_rows)})"),
        Pair(
            "size",
            f"{words.size(sum(part.bytes for part in version.parts))} in {words.many(len(version.parts), 'part')}",
        ),
        Pair("cause", version.cause or words.NONE),
        Pair("made", f"{words.stamp(version.created_at)} UTC"),
        Pair("digest", version.digest),
    ]
    found = [Section("version", f"{version.dataset}@{version.version}", pairs, note="R makes it the newest again")]
    if version.notices:
        found.append(Section("notices", "Notices", "\n".join(version.notices)))
    found.append(Section("columns", "Columns", [Pair(one.name, one.type.value) for one in version.columns]))
    return found


def diff_sections(diff: VersionDiff) -> list[Section]:
    """What changed between two versions."""
    pairs = [Pair(name.replace("_", " "), _said(value)) for name, value in msgspec.to_builtins(diff).items()]
    return [Section("diff", "What changed", [pair for pair in pairs if pair.value])]


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, dict):
        return " ".join(f"{name} {_said(one)}" for name, one in value.items() if one not in (None, [], ""))
    return "" if value is None else str(value)


def _version_line(version: DatasetVersion) -> Pair:
    return Pair(
        f"@{version.version}",
        f"{words.signed(version.added_rows):>7} rows  {words.ago(version.created_at):>3}  {version.cause}",
    )


def profile_sections(columns: Sequence[ColumnProfile], title: str) -> list[Section]:
    """Every column in one line: type, missing, spread, shape."""
    return [Section("profile", title, [_profile_line(column) for column in columns])]


def _profile_line(column: ColumnProfile) -> Pair:
    missing = f"{100 * column.missing / column.rows:.0f}% missing" if column.rows and column.missing else "complete"
    if column.histogram:
        shape = f"{sparkline(column.histogram, 16)}  {column.min} … {column.max}"
    else:
        shape = ", ".join(f"{value} {number}" for value, number in column.top[:3])
    distinct = "" if column.distinct is None else f"{column.distinct:,} distinct"
    return Pair(column.name, "  ".join(part for part in (column.type, missing, distinct, shape) if part))


def preview_columns(preview: DatasetPreview) -> tuple[Column, ...]:
    """Columns of a preview, all of them, to be scrolled sideways."""
    return tuple(
        Column(f"c{number}", name, width=min(24, max(8, len(name)))) for number, name in enumerate(preview.columns)
    )


def preview_rows(preview: DatasetPreview) -> list[Row]:
    """Rows of a preview."""
    return [
        Row(str(number), tuple(Cell(words.NONE, "faint") if value is None else Cell(value) for value in values))
        for number, values in enumerate(preview.rows)
    ]
