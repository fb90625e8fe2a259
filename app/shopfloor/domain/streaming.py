"""Rows that are streamed into a dataset, and files that are followed as they grow."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.record import Record


class RowReject(Record, frozen=True, kw_only=True):
    """A row that was not accepted: its line in the post or file, the column, and why."""

    line: int
    message: str
    column: str | None = None


class RowsReceipt(Record, frozen=True, kw_only=True):
    """The answer to a post of rows, given only when the accepted ones are on the disk.

    `position` counts the rows that the dataset's stream ever accepted, these included. `rejects`
    are the first of the `rejected` rows, `notices` say how rows were read. `duplicate`: the key was
    answered before and nothing was added now; the rest of the answer is that of the first time.
    """

    dataset: str
    key: str
    accepted: int
    rejected: int = 0
    rejects: tuple[RowReject, ...] = ()
    notices: tuple[str, ...] = ()
    position: int = 0
    duplicate: bool = False


class FollowedFile(Record, frozen=True, kw_only=True):
    """A growing file in a drop folder. `offset` is the byte up to which its lines are in.

    `rejected` are lines that are no rows of the dataset; `detail` says what is unusual, if anything;
    `stuck` when lines are there and will not come in before somebody does something about it. `moved_at`
    is when lines were last ingested, since the engine started.
    """

    path: str
    offset: int
    size: int
    rows: int
    rejected: int = 0
    detail: str = ""
    stuck: bool = False
    moved_at: datetime | None = None


class StreamStatus(Record, frozen=True, kw_only=True):
    """Where the stream of one dataset stands.

    `position` are all rows ever accepted; `open_rows` and `open_bytes` those that no delivery has
    taken over yet; `keys` how many idempotency keys are remembered. `waits_since` is when the oldest row
    that is in no version was accepted. `part`, of `part_rows`, is the newest delivery that was ingested, at `part_at`
    as `version`. `problem` says why rows do not come in, and `hint` what to do; empty when all is well.
    """

    dataset: str
    position: int
    open_rows: int
    open_bytes: int
    segments: int
    keys: int
    last_at: datetime | None = None
    waits_since: datetime | None = None
    part: str | None = None
    part_rows: int | None = None
    part_at: datetime | None = None
    version: int | None = None
    problem: str = ""
    hint: str = ""
    followed: tuple[FollowedFile, ...] = ()
