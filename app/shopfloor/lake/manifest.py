"""What a dataset version is made of, and the digest that identifies it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from shopfloor.domain.codec import to_json
from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import Part


def digest(parts: Sequence[Part], columns: Sequence[Column], mode: str) -> str:
    """The content identity of a version: sha256 over mode, columns and parts, each in order.

    It depends on bytes only, not on files, times or version numbers, so the same data gives the
    same digest on every machine.
    """
    content = {
        "mode": str(mode),
        "columns": [(column.name, column.type.value) for column in columns],
        "parts": [(part.sha256, part.rows) for part in parts],
    }
    return hashlib.sha256(b"shopfloor/version/1\n" + to_json(content)).hexdigest()


def files_of(parts: Sequence[Part]) -> tuple[str, ...]:
    """Ids of the files that contribute rows, each once, in order of first appearance."""
    return tuple(dict.fromkeys(span.file for part in parts for span in part.files))


def touched_by(parts: Sequence[Part], files: Collection[str]) -> tuple[Part, ...]:
    """Those of `parts` that hold rows of one of `files`."""
    wanted = set(files)
    return tuple(part for part in parts if any(span.file in wanted for span in part.files))
