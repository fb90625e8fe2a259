"""The books of a delivery: no row of a file is lost between its bytes and the parts."""

from __future__ import annotations

from collections import Counter

from shopfloor.domain.file import FileState, Reason
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.rows import rows_do_not_add_up
from shopfloor.intake.records import IntakeResult


def check_balance(result: IntakeResult) -> None:
    """Raise `BadFile` unless all rows of each committed file are accepted or rejected, and are in the parts."""
    for reason in unbalanced(result).values():
        raise BadFile(reason)


def unbalanced(result: IntakeResult) -> dict[str, Reason]:
    """Committed files with rows that are neither accepted nor rejected, or not in the parts, by id."""
    stored: Counter[str] = Counter()
    for part in result.parts:
        stored.update({span.file: span.rows for span in part.part.files})
    found: dict[str, Reason] = {}
    for file in result.files:
        if file.state is not FileState.COMMITTED:
            continue
        # Rows of a snapshot, or with a key, may be replaced by those of a later file.
        rows = file.rows if result.replaces_parts else stored[file.id]
        records = file.rows + file.rejected_rows if file.records is None else file.records
        if rows + file.rejected_rows != records or rows != file.rows:
            found[file.id] = rows_do_not_add_up(records, rows, file.rejected_rows, file.id)
    return found
