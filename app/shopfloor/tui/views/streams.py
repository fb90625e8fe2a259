"""Streamed rows and followed files on screen."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.numbers import count
from shopfloor.domain.streaming import FollowedFile, StreamStatus
from shopfloor.domain.text import counted
from shopfloor.tui.views import words
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell


def is_stuck(stream: StreamStatus) -> bool:
    """Whether rows wait that will not come in by themselves."""
    return bool(stream.problem) or any(file.stuck for file in stream.followed)


def cell(stream: StreamStatus) -> Cell:
    """What the list says of a dataset that rows flow into."""
    if is_stuck(stream):
        return Cell("stuck", "warn")
    return Cell("follows" if stream.followed else "stream", "run" if stream.open_rows else "muted")


def sections(stream: StreamStatus, now: datetime | None = None) -> list[Section]:
    """How the stream stands; the files that are followed."""
    found = []
    if stream.problem:
        said = [Pair("what", stream.problem, "warn"), Pair("what to do", stream.hint, "strong")]
        found.append(Section("stuck", "The stream is stuck", said))
    if stream.position:
        found.append(Section("stream", "Stream", _stream(stream, now), note="dataset streams"))
    if stream.followed:
        order = sorted(stream.followed, key=lambda file: not file.stuck)
        pairs = [pair for file in order for pair in _file(file, now)]
        found.append(Section("followed", "Followed files", pairs, note="[arrival] follow"))
    return found


def _stream(stream: StreamStatus, now: datetime | None) -> list[Pair]:
    last = "" if stream.last_at is None else f", the last {_ago(stream.last_at, now)}"
    pairs = [Pair("accepted", f"{counted(stream.position, 'row')} in total{last}")]
    if stream.open_rows or stream.waits_since is not None:
        late = "" if stream.waits_since is None else f", {_since(stream.waits_since, now)}"
        pairs.append(Pair("uncommitted", f"{counted(stream.open_rows, 'row')}{late}", "run"))
    else:
        pairs.append(Pair("on the way", "none: all rows are in a version"))
    if stream.part is not None:
        rows = "" if stream.part_rows is None else f"{counted(stream.part_rows, 'row')} "
        pairs.append(Pair("last part", f"{rows}in {words.version(stream.version)}, {_ago(stream.part_at, now)}"))
    return pairs


def _file(file: FollowedFile, now: datetime | None) -> list[Pair]:
    behind = file.size - file.offset
    state = "stuck" if file.stuck else "behind" if behind > 0 else "up to date"
    tone = "warn" if file.stuck else "run" if behind > 0 else "ok"
    name = file.path.rpartition("/")[2]
    rejected = f", {counted(file.rejected, 'line')} left out" if file.rejected else ""
    moved = "" if file.moved_at is None else f", the last {_ago(file.moved_at, now)}"
    place = f"byte {count(file.offset)} of {count(file.size)}" if behind > 0 else f"all {count(file.size)} bytes"
    pairs = [
        Pair(state, name, "strong", tone),
        Pair("", f"{counted(file.rows, 'row')}{moved}{rejected} · {place}"),
    ]
    if file.detail:
        pairs.append(Pair("", file.detail, "warn" if file.stuck else "muted"))
    return pairs


def _since(at: datetime, now: datetime | None) -> str:
    age = words.ago(at, now)
    return "just accepted" if age == "now" else f"the oldest for {age}"


def _ago(at: datetime | None, now: datetime | None) -> str:
    age = words.ago(at, now)
    return age if age in {"now", words.NONE} else f"{age} ago"
