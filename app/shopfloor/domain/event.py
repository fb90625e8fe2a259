"""Events: immutable facts, numbered by `seq`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopfloor.domain.record import Record


class Event(Record, frozen=True, kw_only=True):
    """One fact. `kind` is `noun.verb` (`file.committed`, `alias.moved`), `subject` what it is about.

    `actor` is a person (`you`), a file, or a part of the engine; `cause` refers to what led to it.
    """

    seq: int
    at: datetime
    kind: str
    subject: str
    actor: str = ""
    message: str = ""
    data: dict[str, Any] = {}
