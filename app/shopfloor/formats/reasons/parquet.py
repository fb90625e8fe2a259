"""Why a Parquet file cannot be read."""

from __future__ import annotations

from shopfloor.domain.file import Reason
from shopfloor.domain.text import safe
from shopfloor.formats.reasons.bad_file import shown


def parquet_truncated() -> Reason:
    return Reason(
        code="parquet_truncated",
        message="The Parquet file has no footer: its end is missing.",
        hint="The writer or the transfer was interrupted: deliver the file again.",
    )


def parquet_damaged(detail: str) -> Reason:
    return Reason(
        code="parquet_damaged",
        message=f"The Parquet file cannot be read: {safe(detail, 160)}",
        hint="Write it again, with another program if possible.",
    )


def unsupported_type(column: str, kind: str) -> Reason:
    return Reason(
        code="unsupported_type",
        message=f"Column {shown(column)} holds {safe(kind, 60)}, which cannot be stored in a table.",
        column=safe(column, 120),
        hint="Drop the column, or write it as text.",
    )
