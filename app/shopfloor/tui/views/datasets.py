"""Datasets, their versions, contracts and profiles on screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shopfloor.domain.contract import Contract, Rule
from shopfloor.domain.dataset import ColumnProfile, DatasetRecord, DatasetVersion
from shopfloor.domain.file import FileRecord
from shopfloor.domain.numbers import exact, percent, row_changes
from shopfloor.domain.requests.datasets import DatasetPreview
from shopfloor.domain.status import WatcherStatus
from shopfloor.domain.streaming import StreamStatus
from shopfloor.domain.text import counted
from shopfloor.domain.trust import DeliveryTrust, Trust
from shopfloor.tui.theme import OK, WAIT, WARN
from shopfloor.tui.views import streams, words
from shopfloor.tui.views.files import file_line
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row
from shopfloor.tui.widgets.sparkline import sparkline

COLUMNS = (
    TableColumn("state", "STATE", width=5),
    TableColumn("name", "NAME", ratio=2, min=20, max=28),
    TableColumn("version", "VER", width=5, align="right"),
    TableColumn("rows", "ROWS", width=10, align="right"),
    TableColumn("added", "ΔROWS", width=7, align="right", priority=60),
    TableColumn("files", "FILES", width=7, align="right", priority=70),
    TableColumn("landed", "SEEN", width=4, align="right", priority=80),
    TableColumn("columns", "COLS", width=4, align="right", priority=40),
    TableColumn("used", "USED BY", ratio=3, min=12, max=24, priority=50),
)
_TONES = {Trust.TRUSTED: "ok", Trust.UNKNOWN: "warn", Trust.SUSPECT: "warn", Trust.BROKEN: "fail"}


def row(dataset: DatasetRecord, stream: StreamStatus | None = None) -> Row:
    """One line of the list; with its stream, where rows flow into it."""
    stuck = stream is not None and streams.is_stuck(stream)
    state = WARN if dataset.quarantined or stuck else OK if dataset.version else WAIT
    return Row(
        dataset.name,
        (
            Cell(state.word, state.tone),
            dataset.name,
            words.version(dataset.version or None),
            words.count(dataset.rows),
            words.moved(dataset.added_rows, dataset.changed_rows),
            _files(dataset, stream),
            words.ago(dataset.updated_at),
            words.count(dataset.columns),
            ", ".join(dataset.used_by) or words.NONE,
        ),
    )


def _files(dataset: DatasetRecord, stream: StreamStatus | None) -> Cell | str:
    """What has not become rows: files held for a person before files on their way; else the stream, if any."""
    if dataset.quarantined:
        return Cell(f"{words.compact(dataset.quarantined)} held", "warn")
    if stream is not None and (streams.is_stuck(stream) or not dataset.waiting):
        return streams.cell(stream)
    return Cell(f"{words.compact(dataset.waiting)} waiting", "run") if dataset.waiting else words.NONE


def sections(
    dataset: DatasetRecord,
    versions: Sequence[DatasetVersion],
    files: Sequence[FileRecord],
    contract: Contract | None,
    watcher: WatcherStatus | None = None,
    stream: StreamStatus | None = None,
) -> list[Section]:
    """The detail: figures, how files are found, its stream, recent files, versions, columns."""
    watch = [watch_line(watcher)] if watcher is not None else []
    found = [Section("summary", dataset.name, [*_summary(dataset, versions), *watch])]
    if dataset.problem:
        text = [Pair("what", dataset.problem, "warn"), Pair("what to do", _MEND.format(dataset.name), "strong")]
        found.insert(0, Section("problem", "The contract cannot be used", text))
    if stream is not None:
        found += streams.sections(stream)
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
        rules = _rules(contract)
        if rules:
            found.append(Section("rules", "Rules", rules, note=f"datasets/{dataset.name}.toml"))
    return found


def _rules(contract: Contract) -> list[Pair]:
    """Every rule in a line, with what it does to what breaks it."""
    pairs = [Pair(rule.column, f"{_rule(rule)}  else {rule.severity.value}") for rule in contract.rules]
    pairs += [Pair(one.name or "condition", f"{one.sql}  else {one.severity.value}") for one in contract.conditions]
    volume = contract.volume
    limits = [f"{key} {exact(value)}" for key in ("min_rows", "max_rows", "band") if (value := getattr(volume, key))]
    if limits:
        pairs.append(Pair("rows of a file", f"{', '.join(limits)}  else {volume.severity.value}"))
    if contract.freshness.hours:
        pairs.append(Pair("max age", f"{exact(contract.freshness.hours)} hours"))
    if contract.reject_budget:
        pairs.append(Pair("reject budget", f"{percent(contract.reject_budget)} of the rows"))
    return pairs


def _rule(rule: Rule) -> str:
    text = [f"{key} {value}" for key in ("min", "max", "pattern") if (value := getattr(rule, key)) is not None]
    text += [f"one of {', '.join(rule.values)}"] if rule.values is not None else []
    text += [word for word, required in (("not missing", rule.not_null), ("unique", rule.unique)) if required]
    return ", ".join(text)


def _summary(dataset: DatasetRecord, versions: Sequence[DatasetVersion]) -> list[Pair]:
    digest = versions[0].digest[:12] if versions else words.NONE
    return [
        Pair("version", f"{words.version(dataset.version or None)}  {digest}"),
        Pair(
            "rows",
            f"{words.count(dataset.rows)}  ({row_changes(dataset.added_rows, dataset.changed_rows)} in the newest)",
        ),
        Pair("size", f"{words.size(dataset.bytes)} in {counted(dataset.parts, 'part')}"),
        *_source(dataset),
        Pair("used by", ", ".join(dataset.used_by) or "no model; n defines one"),
        Pair("updated", f"{words.stamp(dataset.updated_at)} UTC"),
        Pair("waiting", counted(dataset.waiting, "file") if dataset.waiting else "nothing"),
        Pair("quarantine", f"{counted(dataset.quarantined, 'file')} to review: enter", "warn")
        if dataset.quarantined
        else Pair("quarantine", "empty"),
    ]


def _source(dataset: DatasetRecord) -> list[Pair]:
    """Where its rows come from: files, or a query over other datasets."""
    if not dataset.query:
        return [Pair("intake", f"{dataset.mode} · inbox/{dataset.name}/")]
    read = ", ".join(one.ref for one in dataset.inputs) or "nothing yet"
    return [Pair("query", " ".join(dataset.query.split())), Pair("made from", read)]


def watch_line(watcher: WatcherStatus, now: datetime | None = None) -> Pair:
    """How files are found, and the last scan of the folders: an empty list can mean a dead watch."""
    age = words.ago(watcher.last_scan_at, now)
    seen = "no scan yet" if watcher.last_scan_at is None else "scanned now" if age == "now" else f"scanned {age} ago"
    if watcher.healthy:
        return Pair("watch", f"on ({watcher.backend}) · {seen}")
    why = f": {watcher.detail}" if watcher.detail else ""
    return Pair("watch", f"scanning every {words.span(watcher.scan_seconds)} · {seen}{why}", "warn")


_MEND = "Correct datasets/{}.toml; the files are then ingested automatically."
_APPROXIMATE = (
    "Distinct values: a sketch with a standard error of 2.2 %. Histograms: a value may be counted in the next bar "
    "when it is within 1/1023 of the range of its edge."
)

VERSION_COLUMNS = (
    TableColumn("version", "VER", width=5, align="right"),
    TableColumn("rows", "ROWS", width=10, align="right"),
    TableColumn("added", "ΔROWS", width=9, align="right", priority=70),
    TableColumn("size", "SIZE", width=8, align="right", priority=60),
    TableColumn("cause", "CAME FROM", ratio=1, min=16),
    TableColumn("when", "AGE", width=4, align="right", priority=80),
)


def version_row(version: DatasetVersion) -> Row:
    """One line of the list of versions."""
    return Row(
        f"{version.dataset}@{version.version}",
        (
            Cell(f"@{version.version}", "strong"),
            words.count(version.rows),
            words.moved(version.added_rows, version.changed_rows),
            words.size(sum(part.bytes for part in version.parts)),
            version.cause or words.NONE,
            words.ago(version.created_at),
        ),
    )


def version_sections(version: DatasetVersion) -> list[Section]:
    """The detail of one version."""
    pairs = [
        Pair("rows", f"{words.count(version.rows)}  ({row_changes(version.added_rows, version.changed_rows)})"),
        Pair(
            "size",
            f"{words.size(sum(part.bytes for part in version.parts))} in {counted(len(version.parts), 'part')}",
        ),
        *([Pair("trust", _trust(version.trust), _TONES[version.trust.trust])] if version.trust is not None else []),
        Pair("cause", version.cause or words.NONE),
        Pair("made", f"{words.stamp(version.created_at)} UTC"),
        Pair("digest", version.digest),
    ]
    found = [Section("version", f"{version.dataset}@{version.version}", pairs, note="R rolls back to it")]
    if version.notices:
        found.append(Section("notices", "Notices", "\n".join(version.notices)))
    found.append(Section("columns", "Columns", [Pair(one.name, one.type.value) for one in version.columns]))
    return found


def _trust(verdict: DeliveryTrust) -> str:
    return f"{verdict.trust}: {verdict.why}" if verdict.why else verdict.trust.value


def _version_line(version: DatasetVersion) -> Pair:
    rows = words.moved(version.added_rows, version.changed_rows)
    noun = "row" if 1 in (version.added_rows, version.changed_rows) else "rows"
    return Pair(f"@{version.version}", f"{rows:>7} {noun:<4}  {words.ago(version.created_at):>3}  {version.cause}")


def profile_sections(columns: Sequence[ColumnProfile], title: str) -> list[Section]:
    """Every column in one line under a head; what is approximate has a mark."""
    head = Pair("column", _profile_cells("type", "gaps", "kinds", "columns"), "muted")
    found = [Section("profile", title, [head, *map(_profile_line, columns)])]
    if any(column.approximate for column in columns):
        found.append(Section("approximate", "~ is approximate", _APPROXIMATE))
    return found


def _profile_line(column: ColumnProfile) -> Pair:
    if column.histogram and column.type == "timestamp":  # days, in a line of 80 cells
        text = f"{sparkline(column.histogram, 8):<8}  {str(column.min)[:10]} to {str(column.max)[:10]}"
    elif column.histogram:
        text = f"{sparkline(column.histogram, 12):<12}  {column.min} to {column.max}"
    elif column.top and column.top[0][1] == 1:
        text = "all different"
    elif not column.top and column.distinct:  # a sketch that keeps what is frequent kept nothing
        text = "no frequent value"
    else:
        text = ", ".join(f"{value} {words.compact(number)}" for value, number in column.top[:3])
    mark = "~" if "distinct" in column.approximate else ""
    kinds = mark + words.compact(column.distinct)
    return Pair(column.name, _profile_cells(column.type, _missing(column), kinds, text))


def _profile_cells(kind: str, missing: str, distinct: str, text: str) -> str:
    return f"{kind:<9}  {missing:>5}  {distinct:>6}  {text}"


def _missing(column: ColumnProfile) -> str:
    return words.share(column.missing / column.rows) if column.missing and column.rows else words.NONE


def preview_columns(preview: DatasetPreview) -> tuple[TableColumn, ...]:
    """Columns of a preview, all of them, to be scrolled sideways; each as wide as what it holds, within reason."""
    longest = [max((len(value or "") for value in values), default=0) for values in zip(*preview.rows, strict=False)]
    return tuple(
        TableColumn(f"c{number}", name, width=min(24, max(6, len(name), longest[number] if longest else 0)))
        for number, name in enumerate(preview.columns)
    )


def preview_rows(preview: DatasetPreview) -> list[Row]:
    """Rows of a preview."""
    return [
        Row(str(number), tuple(Cell(words.NONE, "faint") if value is None else Cell(value) for value in values))
        for number, values in enumerate(preview.rows)
    ]
