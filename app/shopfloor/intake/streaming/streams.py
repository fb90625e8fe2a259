"""All streams of a workspace as the rest of the engine sees them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain.file import FilePurpose
from shopfloor.domain.streaming import RowsReceipt, StreamStatus
from shopfloor.intake.streaming.checks import Checks
from shopfloor.intake.streaming.follower import Follower
from shopfloor.intake.streaming.inflow import Inflow
from shopfloor.intake.streaming.log import Post
from shopfloor.runtime.context import Context

if TYPE_CHECKING:
    from shopfloor.arrival.scan import Found, Observation


class Streams:
    """Posted rows, and the lines of followed files: both go the same way in."""

    def __init__(self, context: Context) -> None:
        self.checks = Checks(context)
        self._inflow = Inflow(context)
        self._follower = Follower(context, self._inflow, self.checks)

    def start(self) -> None:
        """Learn what an earlier engine acknowledged, then begin."""
        self._inflow.start()
        self._follower.start()

    def stop(self) -> None:
        """Make all durable and queue what was streamed for the next engine."""
        self._follower.stop()
        self._inflow.stop()

    async def append(self, dataset: str, post: Post) -> RowsReceipt:
        """Add rows once; answers when they are on the disk. Raises `StoreError`, `ConflictError`."""
        # Shielded: a caller who goes away must not cancel what the writer is about to answer.
        answer = await asyncio.shield(asyncio.wrap_future(self._inflow.submit(dataset, post)))
        if answer.refusal is not None:
            raise answer.refusal
        return answer.entry.receipt(dataset, duplicate=answer.duplicate)

    def check_room(self, size: int) -> None:
        """Raise `BusyError` when so many bytes more are too much now."""
        self._inflow.check_room(size)

    def roll(self) -> None:
        """Read followed files and hand over all rows, because somebody waits for them."""
        self._follower.look()
        self._inflow.roll()

    def waiting(self) -> int:
        """Segments that are in no delivery yet, and followed files that are looked at again soon."""
        return self._inflow.waiting() + self._follower.waiting()

    def unfollowed(self, found: list[Found]) -> list[Found]:
        """Files in drop folders without those that are followed line by line, which the watch leaves alone."""
        folders = {(purpose, seen.name) for purpose, seen, _ in found}
        asked = {
            name
            for purpose, name in folders
            if name and purpose is FilePurpose.DATA and self._follower.may_follow(name)
        }
        return [one for one in found if not (one[1].name in asked and self.follows(*one[:2]))] if asked else found

    def follows(self, purpose: FilePurpose, seen: Observation) -> bool:
        """Whether a file in a drop folder is followed line by line."""
        return purpose is FilePurpose.DATA and bool(seen.name) and self._follower.follows(seen)

    def trouble(self, dataset: str) -> str:
        """Why rows of a dataset could not be handed over the last time; empty when they were."""
        return self._inflow.trouble(dataset)

    def status(self, dataset: str = "") -> list[StreamStatus]:
        """Where each stream stands, by name."""
        return [
            msgspec.structs.replace(self._inflow.status(name), followed=self._follower.status(name))
            for name in self._inflow.datasets()
            if dataset in ("", name)
        ]
