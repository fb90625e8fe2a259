"""Why a workbook cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.text import listed, quoted
from shopfloor.formats.reasons.bad_file import detail
from shopfloor.formats.reasons.remedies import retried_with


def workbook_damaged(said: str = "") -> Reason:
    return Reason(
        code="workbook_damaged",
        message="The workbook cannot be read: its content is damaged.",
        hint="Open it in Excel, which may repair it, save it and deliver it again; or save the sheet as CSV."
        f"{detail(said)}",
    )


def workbook_locked() -> Reason:
    return Reason(
        code="workbook_locked",
        message="The workbook is protected with a password.",
        hint="Save it without a password (File, Info, Protect Workbook), or save the sheet as CSV.",
    )


def workbook_too_large(cells: int, limit: int) -> Reason:
    return Reason(
        code="workbook_too_large",
        message=f"The sheet spans {count(cells)} cells; with the memory limit of intake, {count(limit)} can be read.",
        hint="Save it as CSV or Parquet, which have no such limit; or raise intake.memory_mb in workspace.toml. "
        "A single value far below or right of the table also makes a sheet this large.",
    )


def workbook_formulas(cells: int) -> Reason:
    return Reason(
        code="workbook_formulas",
        message=f"{count(cells)} formulas have no stored result, so their values are unknown.",
        hint="The program that wrote the workbook did not calculate it. Open it in Excel, save it, "
        "and deliver it again.",
    )


def sheet_missing(wanted: str, sheets: Sequence[str]) -> Reason:
    have = f"it has {listed(sheets)}" if sheets else "it has none with a table"
    return Reason(
        code="sheet_missing",
        message=f"The workbook has no sheet {quoted(wanted)}; {have}." if wanted else f"No sheet: {have}.",
        remedies=(retried_with("Name the sheet", "sheet", "NAME"),),
    )


def empty_sheet() -> Reason:
    return Reason(
        code="empty_file",
        message="The sheet is empty.",
        remedies=(retried_with("Name the sheet that holds the table", "sheet", "NAME"),),
    )
