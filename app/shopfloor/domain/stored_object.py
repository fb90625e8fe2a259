"""What an object of the store is called: a part, an artifact, a part of the inference log."""

from __future__ import annotations

from enum import StrEnum

from shopfloor.domain.record import Record


class ObjectKind(StrEnum):
    """What the bytes are."""

    PART = "part"
    ARTIFACT = "artifact"
    LOG = "log part"


class StoredObject(Record, frozen=True, kw_only=True):
    """An immutable object by the sha256 of its bytes (of an artifact: of its model)."""

    kind: ObjectKind
    sha256: str

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"
