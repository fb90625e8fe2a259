"""The size of a workbook's sheet, in every format, and its limits."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass

from shopfloor.domain.text import counted
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import too_large_in_memory
from shopfloor.formats.reasons.workbooks import workbook_damaged, workbook_formulas, workbook_too_large

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, KeyError)
"""What reading a damaged archive raises."""

# Measured: 32 bytes a cell in the library, as much again for its text and the row being converted.
_CELL_BYTES = 64


@dataclass
class Extent:
    """How far the cells of a sheet reach once every repetition is written out, and what is odd about them."""

    rows: int = 0  # up to the last one with a value
    width: int = 0
    texts: int = 0
    faults: int = 0
    unknown: int = 0

    @property
    def cells(self) -> int:
        """How many the library would write out."""
        return self.rows * self.width


def check_cells(cells: int, memory_mb: int) -> None:
    """Raise `BadFile` for more cells than the memory holds."""
    limit = (memory_mb << 20) // _CELL_BYTES
    if cells > limit:
        raise BadFile(workbook_too_large(cells, limit))


def check_texts(size: int, memory_mb: int) -> None:
    """Raise `BadFile` for more bytes of text than the memory holds."""
    if size > memory_mb << 20:
        raise BadFile(too_large_in_memory(memory_mb))


def check_values(sheet: Extent, of: str = "") -> tuple[str, ...]:
    """Raise `BadFile` when the sheet was never calculated. Returns notices about what is missing in it.

    `of` names whose errors they are: `" of Excel"`.
    """
    if sheet.unknown:
        raise BadFile(workbook_formulas(sheet.unknown))
    if not sheet.faults:
        return ()
    cells = counted(sheet.faults, "cell contains an error", "cells contain errors")
    return (f"{cells}{of} (such as #N/A or #DIV/0!), treated as missing.",)


def damaged(error: Exception) -> BadFile:
    """A workbook that cannot be read, because of one of `BROKEN`."""
    return BadFile(workbook_damaged(str(error).strip("'\"") or type(error).__name__))
