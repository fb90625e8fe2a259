"""What changed in rows whose earlier images are kept: fields before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shopfloor.store.images import Row, RowImage
from shopfloor.store.rows import Query

Fields = dict[str, Any]
Changes = dict[str, tuple[Any, Any]]
FieldsOf = Callable[[str, Row | None], Fields]
"""The fields of a table's row that are told; none where there is no row."""


def changed_rows(query: Query, images: Sequence[RowImage], fields: FieldsOf) -> list[tuple[RowImage, Changes]]:
    """Each image, oldest first as they are given, with what changed; one whose told fields stayed is left out."""
    after: dict[tuple[str, tuple[Any, ...]], Fields] = {}
    found: list[tuple[RowImage, Changes]] = []
    for image in reversed(images):
        name = (image.table, image.key)
        now = after[name] if name in after else fields(image.table, query.row(image.table, *image.key))
        after[name] = fields(image.table, image.before)
        changes = difference(after[name], now)
        if changes:
            found.append((image, changes))
    return found[::-1]


def difference(before: Fields, after: Fields) -> Changes:
    """The fields that differ; one that is absent counts as None."""
    names = dict.fromkeys([*after, *before])
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return {name: (old, new) for name, old, new in pairs if old != new}
