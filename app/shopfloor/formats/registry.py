"""From a file's name to its format: each has a module of its own, named in `domain.file_formats`."""

from __future__ import annotations

import importlib
from functools import cache

from shopfloor.domain.file_formats import FILE_FORMATS
from shopfloor.formats.file_format import FileFormat
from shopfloor.formats.packing import Packing, named_packing
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import unread_extension


def named_format(name: str) -> tuple[FileFormat, Packing]:
    """Format and packing that the file name promises. Raises `BadFile` for other names."""
    stem, packing = named_packing(name.lower())
    for spec in FILE_FORMATS:
        if stem.endswith(spec.suffixes) and (spec.compressible or packing is Packing.NONE):
            return _format(spec.module), packing
    raise BadFile(unread_extension(name))


@cache
def _format(module: str) -> FileFormat:
    found: FileFormat = importlib.import_module(f"shopfloor.formats.kinds.{module}").FORMAT
    return found
