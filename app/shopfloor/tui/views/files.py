"""Delivered files on screen."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.numbers import count
from shopfloor.domain.reject import Reject
from shopfloor.domain.requests.files import FileBytes
from shopfloor.domain.text import counted
from shopfloor.tui.theme import state_of
from shopfloor.tui.views import words
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row

COLUMNS = (
    TableColumn("state", "STATE", width=11),
    TableColumn("name", "FILE", ratio=2, min=24, max=40),
    TableColumn("rows", "ROWS", width=8, align="right", priority=68),
    TableColumn("version", "VER", width=5, align="right", priority=60),
    TableColumn("seen", "SEEN", width=4, align="right", priority=80),
    TableColumn("id", "ID", width=8, priority=70),
    TableColumn("reason", "REASON", ratio=3, min=22, priority=75),
)
_TONES = {
    FileState.QUARANTINED: "warn",
    FileState.REFUSED: "fail",
    FileState.COMMITTED: "ok",
    FileState.WITHDRAWN: "muted",
    FileState.DUPLICATE: "muted",
    FileState.DISCARDED: "muted",
}


def tone(file: FileRecord) -> str:
    """The colour of a file's state."""
    return _TONES.get(file.state, state_of(file.state.value).tone)


def row(file: FileRecord) -> Row:
    """One line of the list."""
    return Row(
        file.id,
        (
            Cell(file.state.value, tone(file)),
            name(file),
            words.NONE if file.state is FileState.QUARANTINED else words.count(file.rows),
            words.version(file.version),
            words.ago(file.seen_at),
            Cell(file.id, "muted"),
            Cell(file.reason.message if file.reason else words.NONE, "muted"),
        ),
    )


def name(file: FileRecord) -> str:
    """The file's name without its folders."""
    return file.path.rpartition("/")[2]


def file_line(file: FileRecord) -> Pair:
    """One line in a dataset's detail."""
    text = f"{name(file)}  {words.ago(file.seen_at)}"
    if file.reason is not None and file.state is FileState.QUARANTINED:
        text += f"  {file.reason.message}"
    return Pair(file.state.value, text, "", tone(file))


def sections(file: FileRecord, content: FileBytes | None = None, rejects: Sequence[Reject] = ()) -> list[Section]:
    """The detail of a file: where it stands, why, the lines around its failure, and rows at fault."""
    pairs = [
        Pair("state", file.state.value, tone(file)),
        Pair("path", file.path),
        Pair("size", words.size(file.bytes)),
        Pair("sha256", (file.sha256 or words.NONE)[:16]),
        Pair("rows", _rows(file)),
        Pair("version", f"{file.dataset}@{file.version}" if file.version else words.NONE),
        Pair(
            "seen", f"{words.stamp(file.seen_at)} UTC" + (f", {file.seen_count} times" if file.seen_count > 1 else "")
        ),
    ]
    found = [Section("file", name(file), pairs, note=file.id)]
    if file.reason is not None:
        title = "Why it is quarantined" if file.state is FileState.QUARANTINED else "Why"
        found.insert(0, Section("reason", title, _reason(file)))
    if file.notices:
        found.append(Section("notices", "Notices", [Pair("notice", notice) for notice in file.notices]))
    if content is not None:
        found.insert(1, Section("bytes", "Around the failure", _numbered(content, file)))
    if rejects:
        title = "Rows with errors" if file.state is FileState.QUARANTINED else "Rejected rows"
        all_of_them = f"{counted(file.rejected_rows, 'row')} · shopfloor file rejects {file.id}"
        found.append(Section("rejects", title, [_reject(one) for one in rejects], note=all_of_them))
    return found


def _rows(file: FileRecord) -> str:
    if file.state is FileState.QUARANTINED and file.rows is not None:
        return f"{count(file.rows)} fit, {count(file.rejected_rows)} do not"
    rejected = f", {count(file.rejected_rows)} rejected" if file.rejected_rows else ""
    changed = f", {counted(file.changed_rows, 'earlier row')} changed" if file.changed_rows else ""
    return words.count(file.rows) + rejected + changed


def _reject(reject: Reject) -> Pair:
    place = f"line {reject.line}" if reject.line is not None else f"row {reject.row}"
    return Pair(place, reject.message)


def _reason(file: FileRecord) -> Sequence[Pair]:
    assert file.reason is not None
    pairs = [Pair("what", file.reason.message, "warn" if file.state is FileState.QUARANTINED else "")]
    pairs.append(Pair("code", file.reason.code))
    if file.reason.line is not None:
        pairs.append(Pair("line", str(file.reason.line)))
    if file.reason.column is not None:
        pairs.append(Pair("column", file.reason.column))
    if file.reason.hint:
        pairs.append(Pair("what to do", file.reason.hint, "strong"))
    if file.state is FileState.QUARANTINED:
        pairs.append(Pair("keys", "r retries, A ingests it without the rows that do not fit, D discards it"))
    return pairs


def _numbered(content: FileBytes, file: FileRecord) -> list[Pair]:
    if content.binary:
        return [Pair(line[:8], line[10:], "muted") for line in content.lines]
    failed = file.reason.line if file.reason is not None else None
    return [
        Pair(f"{number:>6}", line, "warn" if number == failed else "muted")
        for number, line in enumerate(content.lines, content.first)
    ]
