"""Why a Parquet file cannot be read."""

from __future__ import annotations

from shopfloor.domain.file import Reason
from shopfloor.domain.text import quoted, safe
from shopfloor.formats.reasons.bad_file import detail


def parquet_truncated() -> Reason:
    return Reason(
        code="parquet_truncated",
        message="The Parquet file has no footer: its end is missing.",
        hint="The writer or the transfer was interrupted: deliver the file again.",
    )


def parquet_damaged(said: str = "") -> Reason:
    return Reason(
        code="parquet_damaged",
        message="The Parquet file cannot be read: it is damaged, or of a kind that is not known.",
        hint=f"Write it again, with another program if possible.{detail(said)}",
    )


def parquet_without_columns() -> Reason:
    return Reason(
        code="parquet_damaged",
        message="The Parquet file has no columns.",
        hint="Check the export, then deliver the file again.",
    )


def parquet_encrypted() -> Reason:
    return Reason(
        code="parquet_encrypted",
        message="The Parquet file is encrypted.",
        hint="Deliver it without encryption.",
    )


def unsupported_type(column: str, kind: str) -> Reason:
    return Reason(
        code="unsupported_type",
        message=f"Column {quoted(column)} holds {safe(kind, 60)}, which cannot be stored in a table.",
        column=safe(column, 120),
        hint="Drop the column, or write it as text.",
    )
