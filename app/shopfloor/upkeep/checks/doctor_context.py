"""Who is examined, and how a finding is worded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shopfloor.domain.numbers import count
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.stored_object import StoredObject
from shopfloor.domain.streaming import StreamStatus
from shopfloor.runtime.context import Context
from shopfloor.upkeep.rebuilding import Ask, rebuild
from shopfloor.upkeep.references import References
from shopfloor.workspace.layout import Layout

_SHOWN = 10


@dataclass(frozen=True)
class DoctorContext:
    """The workspace, what its metadata refers to, and the status of its streams.

    `deep` reads every stored byte, until `deadline` on the monotonic clock; `repair` allows repairs, of which
    some need a worker to `ask`.
    """

    context: Context
    held: References
    deep: bool
    repair: bool
    deadline: float
    streams: Sequence[StreamStatus] = ()
    ask: Ask | None = None

    @property
    def layout(self) -> Layout:
        """Its paths."""
        return self.context.layout

    @property
    def late(self) -> bool:
        """True when there is no time left for reading bytes."""
        return self.context.clock.monotonic() > self.deadline

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of one query."""
        return self.context.store.read(lambda query: query.all(sql))

    def apply_repair(self, repair: Callable[[], object]) -> bool:
        """Do a repair where repairs were asked for; True when it was done."""
        if self.repair:
            repair()
        return self.repair

    def rebuilt(self, part: StoredObject) -> bool:
        """Make a damaged part again where repairs were asked for; True when it is whole."""
        return self.repair and self.ask is not None and rebuild(self.context, part, self.ask)


Check = Callable[[DoctorContext], Iterator[DoctorFinding]]


def passed(check: str, detail: str) -> DoctorFinding:
    """A check that passed."""
    return DoctorFinding(check=check, ok=True, detail=detail)


def failed(check: str, detail: str, *, repaired: bool = False) -> DoctorFinding:
    """A check that failed: what is wrong, and what to do."""
    return DoctorFinding(check=check, ok=False, detail=detail, repaired=repaired)


def summed(check: str, problems: list[str], healthy: str) -> Iterator[DoctorFinding]:
    """One finding a problem, further ones than `_SHOWN` counted; one that passed without any."""
    yield from (failed(check, problem) for problem in problems[:_SHOWN])
    if len(problems) > _SHOWN:
        yield failed(check, f"and {count(len(problems) - _SHOWN)} more of the same kind")
    if not problems:
        yield passed(check, healthy)
