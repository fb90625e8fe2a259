"""Who is examined, and how a finding is worded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shopfloor.domain.numbers import count
from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.streaming import StreamStatus
from shopfloor.runtime.context import Context
from shopfloor.upkeep.references import References
from shopfloor.workspace.layout import Layout

_SHOWN = 10


@dataclass(frozen=True)
class DoctorContext:
    """The workspace, what its metadata refers to, and how its streams stand.

    `deep` reads every stored byte, until `deadline` on the monotonic clock; `repair` mends.
    """

    context: Context
    held: References
    deep: bool
    repair: bool
    deadline: float
    streams: Sequence[StreamStatus] = ()

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

    def mend(self, repair: Callable[[], object]) -> bool:
        """Do a repair where repairs were asked for; True when it was done."""
        if self.repair:
            repair()
        return self.repair


Check = Callable[[DoctorContext], Iterator[DoctorFinding]]


def well(check: str, detail: str) -> DoctorFinding:
    """Nothing to complain about."""
    return DoctorFinding(check=check, ok=True, detail=detail)


def unwell(check: str, detail: str, *, repaired: bool = False) -> DoctorFinding:
    """Something is wrong: what, and what to do."""
    return DoctorFinding(check=check, ok=False, detail=detail, repaired=repaired)


def summed(check: str, complaints: list[str], healthy: str) -> Iterator[DoctorFinding]:
    """One finding a complaint, the tenth and further ones counted; one good finding without any."""
    yield from (unwell(check, complaint) for complaint in complaints[:_SHOWN])
    if len(complaints) > _SHOWN:
        yield unwell(check, f"and {count(len(complaints) - _SHOWN)} more of the same kind")
    if not complaints:
        yield well(check, healthy)
