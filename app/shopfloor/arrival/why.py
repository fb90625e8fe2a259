"""Why a path was, or was not, ingested, for every drop folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from shopfloor.arrival import file_locations
from shopfloor.arrival.candidate import CandidateKind, classify
from shopfloor.arrival.stalled import since
from shopfloor.arrival.watch import Watch
from shopfloor.domain.explanation import Explanation
from shopfloor.domain.file import FilePurpose, FileRecord, FileState
from shopfloor.domain.numbers import count
from shopfloor.domain.text import counted, safe
from shopfloor.store import files
from shopfloor.workspace.folders import FolderError, fault

_FOLDERS = {FilePurpose.DATA: "inbox", FilePurpose.SCORE: "score", FilePurpose.ACTUALS: "actuals"}


def explain(watch: Watch, requested: str) -> Explanation:
    """Scan the drop folders, then give the state of the file at `requested` and why."""
    layout = watch.context.layout
    path = Path(os.path.normpath(layout.root / requested))
    place = _place(watch, path)
    if place is None:
        return _elsewhere(watch, path)
    watch.scan_now()
    purpose, inner = place
    shown = f"{_FOLDERS[purpose]}/{safe(inner)}"
    record = watch.context.store.read(lambda query: files.newest_at(query, os.fsencode(path)))
    if (closed := _closed(watch, purpose, inner)) is not None:  # first: nothing is told of what a link leads to
        return _explanation(watch, shown, FileState.REFUSED, closed.message, closed.hint, record)
    present = _status(path)
    if present is None:
        return _missing(watch, shown, record)
    return _present(watch, purpose, inner, shown, present, record)


def _place(watch: Watch, path: Path) -> tuple[FilePurpose, str] | None:
    """The drop folder that a path lies in, and its path below it."""
    for purpose in FilePurpose:
        root = file_locations.root_of(watch.context.layout, purpose)
        if path != root and path.is_relative_to(root):
            return purpose, str(path.relative_to(root))
    return None


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _explanation(
    watch: Watch, path: str, state: str, message: str, hint: str = "", file: FileRecord | None = None
) -> Explanation:
    return Explanation(
        kind="file",
        ref=file.id if file is not None else "",
        path=path,
        state=state,
        message=message,
        hint=hint,
        file=file,
        watcher=watch.status(),
    )


def _elsewhere(watch: Watch, path: Path) -> Explanation:
    root = watch.context.layout.root
    known = safe(str(path.relative_to(root)) if path.is_relative_to(root) else str(path))
    hint = "Deliver it: shopfloor add FILE --dataset NAME, or copy it into inbox/NAME/."
    if path.is_relative_to(watch.context.layout.archive):
        return _explanation(watch, known, "elsewhere", "It is the archived original of an ingested file.")
    if path.is_relative_to(watch.context.layout.quarantine):
        return _explanation(
            watch, known, "elsewhere", "It is in quarantine.", "See why: shopfloor file list --state quarantined"
        )
    return _explanation(watch, known, "elsewhere", "It is outside the drop folders inbox/, score/ and actuals/.", hint)


def _missing(watch: Watch, path: str, record: FileRecord | None) -> Explanation:
    if record is None:
        return _explanation(
            watch, path, "unknown", "There is no such file, and none has been seen there.", "Check the name."
        )
    return _explanation(watch, path, record.state, outcome(record), record.reason.hint if record.reason else "", record)


def _present(
    watch: Watch, purpose: FilePurpose, inner: str, path: str, status: os.stat_result, record: FileRecord | None
) -> Explanation:
    if stat.S_ISDIR(status.st_mode):
        return _explanation(watch, path, "folder", "It is a folder; ask about a file in it.")
    for step in inner.split("/"):
        kind, _ = classify(step, stat.S_IFREG)
        if kind is CandidateKind.IGNORED:
            return _explanation(
                watch,
                path,
                "ignored",
                f"{safe(step, 60)!r} is ignored: hidden, with '_' in front, or a transfer in progress.",
                "Rename it when it is complete.",
            )
    if record is None:
        return _explanation(
            watch, path, "unknown", "It has not been noticed yet, or it is followed line by line.", "Ask again."
        )
    if record.state is FileState.SETTLING:
        waiting, _ = watch.waits(purpose, inner)
        message = since(record, waiting or "it has settled and is claimed with the next scan")
        return _explanation(watch, path, record.state, message, "", record)
    return _explanation(watch, path, record.state, outcome(record), record.reason.hint if record.reason else "", record)


def _closed(watch: Watch, purpose: FilePurpose, inner: str) -> FolderError | None:
    """What keeps the engine out of the first folder on the way to a path that it may not enter."""
    folder = file_locations.root_of(watch.context.layout, purpose)
    for step in ("", *inner.split("/")):
        folder /= step
        if folder.is_dir() and (found := fault(folder, watch.context.layout.root, write=False)) is not None:
            return found
    return None


def outcome(file: FileRecord) -> str:
    """What became of a file, in one sentence."""
    why = file.reason.message if file.reason is not None else ""
    match file.state:
        case FileState.WITHDRAWN:
            return f"It was committed as {file.id}, and its rows were withdrawn. {why}"
        case FileState.COMMITTED:
            into = f" in {file.dataset}@{file.version}" if file.version else ""
            rows = f"{counted(file.rows or 0, 'row')}, {count(file.rejected_rows)} rejected"
            return f"It is committed as {file.id}{into}: {rows}."
        case FileState.DUPLICATE:
            return f"Its content is that of {file.duplicate_of}: no row is added twice."
        case FileState.STAGED:
            return "It is staged and waits to be parsed."
        case _:
            return why or f"It is {file.state}."
