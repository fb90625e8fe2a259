"""Which files are read together: small ones of one shape, so that a burst is a handful of parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shopfloor.formats.format import Format
from shopfloor.formats.prepare import Prepared
from shopfloor.formats.shape import Shape

# A Parquet file may hold fifty times its size.
_SMALL = {Format.CSV: 8 << 20, Format.JSON: 8 << 20, Format.EXCEL: 8 << 20, Format.PARQUET: 1 << 20}
_FULL_BYTES = {Format.CSV: 64 << 20, Format.JSON: 64 << 20, Format.EXCEL: 64 << 20, Format.PARQUET: 4 << 20}
_FULL_FILES = 500


def is_small(file: Prepared) -> bool:
    """True for a file that may share a part with others."""
    return file.bytes <= _SMALL[file.shape.format]


def pack(files: Sequence[Prepared], *, alone: Collection[str] = (), single: bool = False) -> list[list[Prepared]]:
    """Groups in the order of their first file; within a group files keep their order.

    Big files, those whose ids are in `alone`, and with `single` all files, make a group each.
    """
    groups: list[list[Prepared]] = []
    room: dict[Shape, tuple[list[Prepared], int]] = {}
    for file in files:
        if single or file.file.id in alone or not is_small(file):
            groups.append([file])
            continue
        group, left = room.get(file.shape, ([], 0))
        if file.bytes > left or len(group) >= _FULL_FILES:
            group, left = [], _FULL_BYTES[file.shape.format]
            groups.append(group)
        group.append(file)
        room[file.shape] = (group, left - file.bytes)
    return groups
