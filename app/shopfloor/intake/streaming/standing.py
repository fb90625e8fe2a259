"""How each stream stands against the ledger: its newest delivery, how late it is, and why it is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from shopfloor.domain.file import FileRecord
from shopfloor.domain.numbers import count
from shopfloor.domain.streaming import StreamStatus
from shopfloor.domain.text import counted, safe
from shopfloor.intake.streaming.streams import Streams
from shopfloor.runtime.context import Context
from shopfloor.store import files


def standings(context: Context, streams: Streams, dataset: str = "") -> list[StreamStatus]:
    """Every stream, or that of one dataset, with what the ledger knows of its deliveries."""
    return [_standing(context, streams, one) for one in streams.status(dataset)]


def _standing(context: Context, streams: Streams, status: StreamStatus) -> StreamStatus:
    newest, waiting, held = context.store.read(lambda query: files.deliveries(query, status.dataset))
    times = [time for time in (status.waits_since, waiting.seen_at if waiting is not None else None) if time]
    since = min(times, default=None)
    # Rows in quarantine wait for a person: how late the others are says nothing about them.
    problem, hint = next(_problems(context, streams, status, since, held), ("", ""))
    return msgspec.structs.replace(
        status,
        waits_since=since,
        part=safe(newest.path.rpartition("/")[2]) if newest is not None else None,
        part_rows=newest.rows if newest is not None else None,
        part_at=newest.committed_at if newest is not None else None,
        version=newest.version if newest is not None else None,
        problem=problem,
        hint=hint,
    )


def _problems(
    context: Context, streams: Streams, status: StreamStatus, since: datetime | None, held: FileRecord | None
) -> Iterator[tuple[str, str]]:
    trouble = streams.trouble(status.dataset)
    if trouble:
        yield f"Its rows cannot be delivered: {trouble}", "They are safe; delivery is retried every second."
    if held is not None:
        why = f": {held.reason.message}" if held.reason is not None else "."
        yield (
            f"{counted(held.rows, 'row')}, delivered as {held.id}, are quarantined{why}"
            if held.rows
            else f"Its delivery {held.id} is quarantined{why}",
            f"shopfloor file show {held.id} shows why; then retry, accept or discard it.",
        )
    late = (context.clock.now() - since).total_seconds() if since is not None else 0.0
    if late > context.settings.stream.stuck_seconds:
        yield (
            f"Its oldest row has been uncommitted for {count(late / 60)} min.",
            "Check the jobs and files before it: shopfloor job list, shopfloor file list --state waiting",
        )
