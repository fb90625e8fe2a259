"""One revision of a contract: who changed what, when, and the text it then was."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shopfloor.domain.record import Record


class ContractCause(StrEnum):
    """The cause of a contract's change."""

    INFERRED = "inferred"
    EVOLVED = "evolved"
    ACCEPTED = "accepted"
    EDITED = "edited"
    DEFINED = "defined"
    UNDONE = "undone"


class ContractRevision(Record, frozen=True, kw_only=True):
    """`changes` are sentences about what is different from the revision before; `text` is the TOML."""

    dataset: str
    revision: int
    cause: ContractCause
    actor: str
    changes: tuple[str, ...] = ()
    text: str = ""
    at: datetime
