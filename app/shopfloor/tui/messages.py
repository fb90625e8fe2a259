"""What the feed tells the panes. All of it coalesces: a newer message replaces an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from shopfloor.domain.status import Status


class StatusArrived(Message):
    """The workspace at a glance, fresh from the engine."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self.status = status

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StatusArrived)


class FactsCommitted(Message):
    """Facts were committed; `nouns` are the first words of their kinds (`run`, `file`, `alias`, …)."""

    def __init__(self, nouns: frozenset[str], seq: int) -> None:
        super().__init__()
        self.nouns = nouns
        self.seq = seq


class Connected(Message):
    """The engine answers."""


class Disconnected(Message):
    """The engine does not answer; what is shown is as old as it is."""

    def __init__(self, reason: str, *, stopped: bool = False) -> None:
        super().__init__()
        self.reason = reason
        self.stopped = stopped

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Disconnected)
