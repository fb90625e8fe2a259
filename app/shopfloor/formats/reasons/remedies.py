"""What a person can do about a file that is held, as reasons name it."""

from __future__ import annotations

from shopfloor.domain.remedy import FileVerb, Remedy

REDELIVER = "Correct it at the source and deliver the file again."
WITHOUT = Remedy(text="Without such rows", verb=FileVerb.ACCEPT)
WIDEN = Remedy(
    text="Or let the column take the file's type, in a new revision of the contract", verb=FileVerb.ACCEPT_TYPES
)


def retried_with(text: str, name: str, value: str, *, keep: bool = False, note: str = "") -> Remedy:
    """Read the file again with a setting of the parser."""
    return Remedy(text=text, verb=FileVerb.RETRY, settings=((name, value),), keep=keep, note=note)
