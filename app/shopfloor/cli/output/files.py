"""Delivered files as text."""

from __future__ import annotations

from shopfloor.cli.output.cells import count, minute, moment, size, text, version, words
from shopfloor.cli.output.format import Format
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, present
from shopfloor.domain import numbers
from shopfloor.domain.file import FileRecord, FileState
from shopfloor.domain.reject import Reject
from shopfloor.domain.requests.files import (
    FileAccept,
    FileBytes,
    FileDiscard,
    FileInspect,
    FileRetry,
    FileSupersede,
    FileWithdraw,
)
from shopfloor.domain.text import counted, times

COLUMNS: tuple[TextColumn[FileRecord], ...] = (
    TextColumn("ID", lambda file: text(file.id)),
    TextColumn("STATE", lambda file: str(file.state)),
    TextColumn("DATASET", lambda file: text(file.dataset), room=20),
    TextColumn("VERSION", lambda file: version(file.version), right=True, drop=2),
    TextColumn("ROWS", lambda file: count(None if file.state is FileState.QUARANTINED else file.rows), right=True),
    TextColumn("REJECTED", lambda file: count(file.rejected_rows), right=True, drop=4),
    TextColumn("NOTICES", lambda file: count(len(file.notices)) if file.notices else "", right=True, drop=1),
    TextColumn("SIZE", lambda file: size(file.bytes), right=True, drop=3),
    TextColumn("SEEN", lambda file: minute(file.seen_at), drop=5),
    TextColumn("PATH", lambda file: text(file.path), room=24, keeps_end=True),
    TextColumn("WHY", lambda file: _why(file), room=30),
)

REJECTS: tuple[TextColumn[Reject], ...] = (
    TextColumn("LINE", lambda reject: count(reject.line), right=True),
    TextColumn("ROW", lambda reject: count(reject.row), right=True, drop=3),
    TextColumn("COLUMN", lambda reject: text(reject.column), room=16),
    TextColumn("VALUE", lambda reject: text(reject.value), room=20),
    TextColumn("CODE", lambda reject: text(reject.code), drop=2),
    TextColumn("WHY", lambda reject: words(reject.message), room=30),
    TextColumn("AS DELIVERED", lambda reject: text(reject.record), room=20, drop=1),
)


def none_kept(file: str, rejected: int) -> str:
    """Why there is no rejected row to show."""
    if not rejected:
        return f"No row of {text(file)} was rejected."
    rows = counted(rejected, "rejected row")
    return f"{rows} of {text(file)}: values are no longer kept (retention.rejects_days)."


def kept(rows: int, total: int) -> str:
    """How many of all rejected rows are here."""
    summary = (
        f"{numbers.count(rows)} of {numbers.count(total)} rejected rows"
        if total > rows
        else counted(rows, "rejected row")
    )
    return f"{summary} {'is' if rows == 1 else 'are'}"


def empty(dataset: str, state: str) -> str:
    """Why the list is empty, and what to do."""
    if state:
        return f"No file is {state}{f' in {text(dataset)}' if dataset else ''}."
    if dataset:
        name = text(dataset)
        return f"No file has been delivered to {name} yet. Deliver one: shopfloor add FILE --dataset {name}"
    return "No file has been delivered yet. Deliver one: shopfloor add FILE --dataset NAME"


def describe(file: FileRecord, width: int | None) -> str:
    """All there is to know about one file."""
    known = [
        ("file", text(file.id)),
        ("path", text(file.path)),
        ("purpose", str(file.purpose)),
        ("model" if file.purpose != "data" else "dataset", text(file.dataset)),
        ("state", str(file.state)),
        ("version", version(file.version)),
        ("rows", _rows(file)),
        ("size", f"{size(file.bytes)} ({count(file.bytes)} bytes)"),
        ("sha256", text(file.sha256)),
        ("seen", f"{moment(file.seen_at)}, {times(file.seen_count)}"),
        ("committed", moment(file.committed_at)),
    ]
    if file.duplicate_of:
        known.append(("same as", text(file.duplicate_of)))
    if file.corrects:
        known.append(("replaces content of", text(file.corrects)))
    known += [("notice", text(notice)) for notice in file.notices]
    return paragraphs(facts(present(known), width), facts(_reason(file), width))


def describe_bytes(content: FileBytes, width: int | None) -> str:
    """Numbered lines of a file around its failure."""
    if content.binary:
        return "\n".join(text(line) for line in content.lines)
    last = content.first + len(content.lines) - 1
    gutter = len(str(last))
    lines = [
        f"{content.first + index:>{gutter}}  {text(line) if line else ''}".rstrip()
        for index, line in enumerate(content.lines)
    ]
    return "\n".join([*lines, *(["…"] if content.truncated else [])])


def _rows(file: FileRecord) -> str:
    """What became of the rows; those in the file are the sum of both."""
    if file.state is FileState.QUARANTINED and file.rejected_rows:
        of_all = f" of {count(file.rows + file.rejected_rows)}" if file.rows is not None else ""
        return f"{count(file.rejected_rows)}{of_all} with errors: shopfloor file rejects {text(file.id)}"
    if file.rows is None:
        return ""
    summary = f"{count(file.rows)} of {count(file.rows + file.rejected_rows)}, {count(file.rejected_rows)} rejected"
    changed = f"; {counted(file.changed_rows, 'earlier row')} changed" if file.changed_rows else ""
    if not file.rejected_rows:
        return f"{count(file.rows)}, 0 rejected{changed}"
    return f"{summary}{changed}: shopfloor file rejects {text(file.id)}"


def _why(file: FileRecord) -> str:
    if file.reason is not None:
        return words(file.reason.message)
    return f"same as {text(file.duplicate_of)}" if file.duplicate_of else ""


def _reason(file: FileRecord) -> list[tuple[str, str]]:
    reason = file.reason
    if reason is None:
        return []
    where = [
        f"line {reason.line}" if reason.line is not None else "",
        f"column {text(reason.column)}" if reason.column else "",
    ]
    return [
        ("why", f"{text(reason.message)} [{text(reason.code)}]"),
        ("where", ", ".join(part for part in where if part) or "the whole file"),
        *([("hint", text(reason.hint))] if reason.hint else []),
        *([("next", _next(file))] if file.state is FileState.QUARANTINED else []),
    ]


def _next(file: FileRecord) -> str:
    id = text(file.id)
    return f"shopfloor file inspect {id}, then retry, accept or discard {id}"


def _again(request: FileAccept | FileRetry, file: FileRecord) -> str:
    id = text(file.id)
    return f"{id} is being ingested again. See what came of it: shopfloor wait; shopfloor file show {id}"


def _withdrawing(request: FileWithdraw, file: FileRecord) -> str:
    if file.state is FileState.WITHDRAWN:
        return f"No change: the rows of {text(file.id)} are already withdrawn."
    return f"The rows of {text(file.id)} leave {text(file.dataset)} in a new version, within moments."


FORMATS = {
    FileInspect: Format(describe_bytes),
    FileAccept: Format(describe, done=_again),
    FileRetry: Format(describe, done=_again),
    FileWithdraw: Format(describe, done=_withdrawing),
    FileSupersede: Format(describe),
    FileDiscard: Format(
        describe,
        state=lambda request, file: f"file {file.id} is already discarded",
        already=lambda before, file: before.state == FileState.DISCARDED,
    ),
}
