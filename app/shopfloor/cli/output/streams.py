"""Streams and followed files as text."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.cli.output.cells import count, minute, size, text
from shopfloor.cli.output.table import Column, table
from shopfloor.client.rows import Appended
from shopfloor.domain.streaming import FollowedFile, StreamStatus
from shopfloor.domain.text import counted

COLUMNS: tuple[Column[StreamStatus], ...] = (
    Column("DATASET", lambda each: text(each.dataset), room=20),
    Column("ROWS EVER", lambda each: count(each.position), right=True),
    Column("OPEN ROWS", lambda each: count(each.open_rows), right=True),
    Column("OPEN SIZE", lambda each: size(each.open_bytes), right=True, drop=1),
    Column("SEGMENTS", lambda each: count(each.segments), right=True, drop=3),
    Column("KEYS", lambda each: count(each.keys), right=True, drop=4),
    Column("VER", lambda each: f"v{each.version}" if each.version is not None else text(None), right=True, drop=2),
    Column("LAST", lambda each: minute(each.last_at), drop=5),
    Column("FOLLOWS", lambda each: count(len(each.followed)), right=True, drop=2),
)
EMPTY = "No rows are streamed. Send some: shopfloor dataset append NAME FILE"

_FILES: tuple[Column[FollowedFile], ...] = (
    Column("FOLLOWED FILE", lambda each: text(each.path), room=30),
    Column("OFFSET", lambda each: count(each.offset), right=True),
    Column("SIZE", lambda each: count(each.size), right=True, drop=2),
    Column("ROWS", lambda each: count(each.rows), right=True),
    Column("REJECTED", lambda each: count(each.rejected), right=True, drop=3),
    Column("DETAIL", lambda each: text(each.detail), room=20, drop=1),
)


def followed(files: Sequence[FollowedFile], width: int | None) -> str:
    """The followed files as a table."""
    return table(_FILES, files, width)


def problems(streams: Sequence[StreamStatus]) -> str:
    """What holds up rows, and what to do; empty when all is well."""
    said = [f"{text(one.dataset)}: {text(one.problem)}\n  {text(one.hint)}" for one in streams if one.problem]
    stuck = [file for one in streams for file in one.followed if file.stuck]
    return "\n".join([*said, *(f"{text(file.path)} is stuck: {text(file.detail)}" for file in stuck)])


def appended(done: Appended) -> str:
    """What became of rows that were sent."""
    told = f"{counted(done.accepted, 'row is', 'rows are')} in {text(done.dataset)}."
    if done.duplicates:
        told += f" {counted(done.duplicates, 'post')} had been added before."
    if done.rejected:
        told += f" {counted(done.rejected, 'row was', 'rows were')} rejected:"
    lines = [
        f"  line {one.line}{f', {text(one.column)}' if one.column else ''}: {text(one.message)}" for one in done.rejects
    ]
    return "\n".join([told, *lines[:20], *map(text, done.notices)])
