"""Streams and followed files as text."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.cli.output.cells import count, minute, size, text
from shopfloor.cli.output.table import TextColumn, table
from shopfloor.client.rows import Appended
from shopfloor.domain.streaming import FollowedFile, StreamStatus
from shopfloor.domain.text import counted

COLUMNS: tuple[TextColumn[StreamStatus], ...] = (
    TextColumn("DATASET", lambda each: text(each.dataset), room=20),
    TextColumn("ACCEPTED", lambda each: count(each.position), right=True),
    TextColumn("OPEN ROWS", lambda each: count(each.open_rows), right=True),
    TextColumn("OPEN SIZE", lambda each: size(each.open_bytes), right=True, drop=1),
    TextColumn("SEGMENTS", lambda each: count(each.segments), right=True, drop=3),
    TextColumn("KEYS", lambda each: count(each.keys), right=True, drop=4),
    TextColumn("VER", lambda each: f"v{each.version}" if each.version is not None else text(None), right=True, drop=2),
    TextColumn("LAST", lambda each: minute(each.last_at), drop=5),
    TextColumn("FOLLOWS", lambda each: count(len(each.followed)), right=True, drop=2),
)
EMPTY = "No rows are streamed. Send some: shopfloor dataset append NAME FILE"

_FILES: tuple[TextColumn[FollowedFile], ...] = (
    TextColumn("FOLLOWED FILE", lambda each: text(each.path), room=30),
    TextColumn("OFFSET", lambda each: count(each.offset), right=True),
    TextColumn("SIZE", lambda each: count(each.size), right=True, drop=2),
    TextColumn("ROWS", lambda each: count(each.rows), right=True),
    TextColumn("REJECTED", lambda each: count(each.rejected), right=True, drop=3),
    TextColumn("DETAIL", lambda each: text(each.detail), room=20, drop=1),
)


def followed(files: Sequence[FollowedFile], width: int | None) -> str:
    """The followed files as a table."""
    return table(_FILES, files, width)


def problems(streams: Sequence[StreamStatus]) -> str:
    """What holds up rows, and what to do; empty when all is well."""
    stuck_streams = [f"{text(one.dataset)}: {text(one.problem)}\n  {text(one.hint)}" for one in streams if one.problem]
    stuck = [file for one in streams for file in one.followed if file.stuck]
    return "\n".join([*stuck_streams, *(f"{text(file.path)} is stuck: {text(file.detail)}" for file in stuck)])


def appended(done: Appended) -> str:
    """What became of rows that were sent."""
    summary = f"{counted(done.accepted, 'row is', 'rows are')} in {text(done.dataset)}."
    if done.duplicates:
        summary += f" {counted(done.duplicates, 'post')} had been added before."
    if done.rejected:
        summary += f" {counted(done.rejected, 'row was', 'rows were')} rejected:"
    lines = [
        f"  line {one.line}{f', {text(one.column)}' if one.column else ''}: {text(one.message)}" for one in done.rejects
    ]
    return "\n".join([summary, *lines[:20], *map(text, done.notices)])
