"""Why a file does not fit those that came before it."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.file import Reason
from shopfloor.domain.remedy import FileVerb, Remedy
from shopfloor.domain.text import counted, quoted


def unusual_volume(rows: int, why: str) -> Reason:
    return Reason(
        code="volume",
        message=f"The file has {counted(rows, 'row')}; {why}.",
        hint="Check that the export is complete. If it is correct, accept it, or change [volume] in the contract.",
    )


def made_by_query(dataset: str) -> Reason:
    return Reason(
        code="made_by_query",
        message=f"Dataset {quoted(dataset)} takes no files: its query makes its rows from other datasets.",
        hint=f"Deliver to those, or under another name. Its query: shopfloor dataset show {dataset}",
    )


def older_snapshot(dated: datetime | None, newest: str, newest_dated: datetime | None) -> Reason:
    """A whole picture from before the one that is in."""
    if dated is not None and newest_dated is not None:
        why = f"It is of {_day(dated)}; {quoted(newest)}, which is already committed, is of {_day(newest_dated)}."
    else:
        why = f"It is older than {quoted(newest)}, which is already committed."
    return Reason(
        code="older_snapshot",
        message=f"{why} In snapshot mode it would replace newer rows.",
        remedies=(
            Remedy(text="To ingest it anyway", verb=FileVerb.ACCEPT),
            Remedy(text="Otherwise discard it", verb=FileVerb.DISCARD),
        ),
    )


def _day(moment: datetime) -> str:
    midnight = moment.time() == moment.time().min
    return moment.date().isoformat() if midnight else moment.isoformat(sep=" ", timespec="minutes")
