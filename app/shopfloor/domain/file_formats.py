"""The formats of delivered tables: which names they have. The registry to which a format adds its line."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class FileFormatSpec(NamedTuple):
    """A format: the module in `formats/kinds/` that reads it, and how its files' names end.

    One that is `compressible` may also come as .gz or .zst; the others are compressed inside.
    """

    module: str
    suffixes: tuple[str, ...]
    compressible: bool = True


FILE_FORMATS = (
    FileFormatSpec("csv", (".csv", ".tsv")),
    FileFormatSpec("json", (".json", ".jsonl", ".ndjson")),
    FileFormatSpec("parquet", (".parquet",), compressible=False),
    FileFormatSpec("workbook", (".xlsx", ".xlsm", ".xls", ".ods"), compressible=False),
)
COMPRESSED = (".gz", ".zst")


@cache
def endings() -> tuple[str, ...]:
    """How the name of a table may end, in lower case."""
    return tuple(
        suffix + packed
        for spec in FILE_FORMATS
        for suffix in spec.suffixes
        for packed in (("", *COMPRESSED) if spec.compressible else ("",))
    )


def deliverable() -> str:
    """`.csv, .tsv, … (also with .gz or .zst), .parquet, … or .ods`: what a person may deliver."""
    plain, inside = (
        [suffix for spec in FILE_FORMATS if spec.compressible is compressible for suffix in spec.suffixes]
        for compressible in (True, False)
    )
    return f"{', '.join(plain)} (also with {' or '.join(COMPRESSED)}), {', '.join(inside[:-1])} or {inside[-1]}"
