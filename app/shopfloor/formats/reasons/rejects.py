"""The reason of a whole file that is held for some of its rows."""

from __future__ import annotations

import msgspec

from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.reject import Reject
from shopfloor.domain.remedy import Remedy
from shopfloor.formats.reasons.remedies import REDELIVER, WIDEN, WITHOUT
from shopfloor.formats.reasons.values import declared

_BROKEN = {"ragged_row", "bad_quote", "json_malformed", "json_shape", "line_too_long"}  # rows that no contract can fix


def reason_of_reject(reject: Reject) -> Reason:
    """The reason of a whole file that is held for one of its rows."""
    remedies: tuple[Remedy, ...]
    hint, remedies = REDELIVER, (WITHOUT,)
    if reject.code == "bad_value":
        remedies = (WIDEN, WITHOUT, *declared(reject.value or ""))
    elif reject.code not in _BROKEN:
        hint, remedies = f"{REDELIVER} Or change the contract, then retry the file.", ()
    return Reason(
        code=reject.code,
        message=reject.message,
        line=reject.line,
        column=reject.column,
        hint=hint,
        remedies=remedies,
    )


def reason_of_many(first: Reason, bad: int, rows: int) -> Reason:
    """`first` as the reason for the whole file, saying how many rows are wrong."""
    if bad <= 1:
        return first
    message = f"{count(bad)} of {count(rows)} rows are wrong. The first: {first.message}"
    return msgspec.structs.replace(first, message=message)


def undivided(reason: Reason) -> Reason:
    """`reason` for a file that is read whole or not at all: no advice to leave rows out."""
    return msgspec.structs.replace(reason, remedies=tuple(one for one in reason.remedies if one != WITHOUT))
