"""Requests to a model, counted: answered, refused and failed, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from shopfloor.domain.record import Record

REST, BATCH = "rest", "batch"


class RequestFault(StrEnum):
    """Why a request got no prediction: what the caller sent was refused, or model or service failed."""

    REFUSED = "refused"
    FAILED = "failed"

    @classmethod
    def of_status(cls, status: int) -> RequestFault:
        """Of an HTTP answer that is an error."""
        return cls.FAILED if status >= 500 else cls.REFUSED


class FaultCount(Record, frozen=True, kw_only=True):
    """`count` requests that ended with the same `code`; `message` is that of the first. It may quote foreign text."""

    fault: RequestFault
    code: str
    message: str
    count: int = 1
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> tuple[RequestFault, str]:
        """What the counted requests have in common."""
        return self.fault, self.code


class RequestCounts(Record, frozen=True, kw_only=True):
    """Requests to a model version from one `source` (`rest`: requests, `batch`: files to score).

    `after` and `until` number the counts that these are the sum of: those later than `after`, up to `until`.
    """

    source: str
    answered: int = 0
    faults: tuple[FaultCount, ...] = ()
    after: int = 0
    until: int = 0

    def of(self, fault: RequestFault) -> int:
        """How many ended so."""
        return sum(one.count for one in self.faults if one.fault is fault)

    @property
    def requests(self) -> int:
        """All of them."""
        return self.answered + sum(one.count for one in self.faults)


def summed(faults: Iterable[FaultCount]) -> tuple[FaultCount, ...]:
    """One count a kind and code, the most frequent first."""
    found: dict[tuple[RequestFault, str], FaultCount] = {}
    for one in sorted(faults, key=lambda fault: fault.first_at):
        known = found.get(one.key)
        found[one.key] = (
            one
            if known is None
            else replace(known, count=known.count + one.count, last_at=max(known.last_at, one.last_at))
        )
    return tuple(sorted(found.values(), key=lambda fault: (-fault.count, fault.key)))
