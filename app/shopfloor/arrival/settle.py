"""When a file counts as complete. A pure state machine: time and the lease are passed in."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from shopfloor.arrival.lease import Lease
from shopfloor.arrival.scan import Observation
from shopfloor.domain.record import Record

FUTURE_NS = 300 * 1_000_000_000
WRITTEN = "still being written: another program has it open for writing"
EMPTY = "the file is empty (0 bytes); waiting for its content"
FUTURE = "The file's modification time is in the future; the time it was first seen is used instead."


class Quiet(Record, frozen=True, kw_only=True):
    """How long a file must stay unchanged, in seconds.

    `unleased` is the factor where the kernel cannot tell whether a writer is left.
    """

    seconds: float = 2.0
    network_seconds: float = 10.0
    unleased: float = 3.0
    network: bool = False

    @property
    def base(self) -> float:
        """The wait when no writer is known."""
        return max(self.seconds, self.network_seconds) if self.network else self.seconds


class Phase(StrEnum):
    """Where a file stands."""

    SETTLING = "settling"
    SETTLED = "settled"


class Settling(Record, frozen=True, kw_only=True, gc=False):
    """A file on its way. `since` is the monotonic time when it was first seen as it is now,
    `first_seen` when it was first seen at all; `waiting` says in words what it waits for.
    """

    observation: Observation
    first_seen: float
    since: float
    phase: Phase = Phase.SETTLING
    waiting: str = ""
    notices: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """True when the file may be claimed."""
        return self.phase is _SETTLED


_SETTLED = Phase.SETTLED  # looked up once, not once a file


def settle(
    before: Settling | None,
    seen: Observation,
    now: float,
    wall_ns: int,
    quiet: Quiet,
    probe: Callable[[], Lease],
) -> Settling:
    """The next state after `seen` at monotonic `now` seconds and wall clock `wall_ns`.

    A file is settled when size, times and inode were the same in two observations at least the
    quiet time apart and `probe` finds no writer; where it cannot tell, the quiet time is longer.
    `probe` is called only when the quiet time is over. Any change starts the wait anew. An empty file
    never settles: many senders make the name first and fill it later. The file's own clock never
    decides: modification times in the future only add a notice.
    """
    if before is None or (before.observation is not seen and before.observation.key != seen.key):
        first = before.first_seen if before is not None else now
        return Settling(
            observation=seen,
            first_seen=first,
            since=now,
            waiting="waiting for the file to stay unchanged" if seen.size else EMPTY,
            notices=_notices(seen, wall_ns),
        )
    if before.settled or not seen.size:
        return before
    unchanged = now - before.since
    if unchanged < quiet.base:
        return before
    lease = Lease.UNKNOWN if quiet.network else probe()
    if lease is Lease.WRITER:
        return _wait(before, WRITTEN)
    if lease is Lease.UNKNOWN and not quiet.network and unchanged < quiet.base * quiet.unleased:
        return _wait(before, "waiting longer, because the system cannot tell if it is still open")
    return _replace(before, Phase.SETTLED, "")


def due(state: Settling, quiet: Quiet, now: float) -> float | None:
    """The monotonic time after `now` at which looking again can change anything by itself.

    None when only an event can: a writer fills or closes the file, a companion comes, somebody makes room.
    """
    if state.settled or not state.observation.size:
        return None
    time = state.since + quiet.base
    if time <= now:
        time = state.since + quiet.base * quiet.unleased
    return time if time > now else None


def _notices(seen: Observation, wall_ns: int) -> tuple[str, ...]:
    future = seen.mtime_ns > wall_ns + FUTURE_NS
    return (*seen.notices, FUTURE) if future else seen.notices


def _wait(state: Settling, why: str) -> Settling:
    return state if state.waiting == why else _replace(state, Phase.SETTLING, why)


def _replace(state: Settling, phase: Phase, waiting: str) -> Settling:
    return Settling(
        observation=state.observation,
        first_seen=state.first_seen,
        since=state.since,
        phase=phase,
        waiting=waiting,
        notices=state.notices,
    )
