"""Whether it was a full disk that made DuckDB fail."""

from __future__ import annotations

_FULL = ("No space left", "Disk quota")


def is_full(error: BaseException) -> bool:
    """True for an error of DuckDB that says so; it has no type of its own."""
    return any(words in str(error) for words in _FULL)
