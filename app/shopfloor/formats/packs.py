"""Which files are read together: small ones of one shape, so that a burst is a handful of parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.shape import Shape

_FULL_FILES = 500


def is_small(file: PreparedFile) -> bool:
    """True for a file that may share a part with others."""
    return file.bytes <= file.shape.format.small


def pack(
    files: Sequence[PreparedFile], *, alone: Collection[str] = (), single: bool = False
) -> list[list[PreparedFile]]:
    """Groups in the order of their first file; within a group files keep their order.

    Big files, those whose ids are in `alone`, and with `single` all files, make a group each.
    """
    groups: list[list[PreparedFile]] = []
    room: dict[Shape, tuple[list[PreparedFile], int]] = {}
    for file in files:
        if single or file.file.id in alone or not is_small(file):
            groups.append([file])
            continue
        group, left = room.get(file.shape, ([], 0))
        if file.bytes > left or len(group) >= _FULL_FILES:
            group, left = [], file.shape.format.full
            groups.append(group)
        group.append(file)
        room[file.shape] = (group, left - file.bytes)
    return groups
