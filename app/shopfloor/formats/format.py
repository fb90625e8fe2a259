"""What a file is, told by its name and its first bytes; neither alone is believed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from shopfloor.formats import reasons
from shopfloor.formats.reasons import BadFile


class Format(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    EXCEL = "excel"
    JSON = "json"
    PARQUET = "parquet"


class Packing(StrEnum):
    """How the bytes are compressed."""

    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSON,
    ".ndjson": Format.JSON,
    ".parquet": Format.PARQUET,
    ".xlsx": Format.EXCEL,
    ".xlsm": Format.EXCEL,
    ".xls": Format.EXCEL,
    ".ods": Format.EXCEL,
}
_UNPACKED = {Format.PARQUET, Format.EXCEL}  # compressed inside already
_BY_PACKING = {".gz": Packing.GZIP, ".zst": Packing.ZSTD}
_MAGIC = {Packing.GZIP: b"\x1f\x8b", Packing.ZSTD: b"\x28\xb5\x2f\xfd"}
_PARQUET = b"PAR1"
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A file that starts so is none of our formats, whatever its name says.
_FOREIGN = (
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (_PARQUET, "Parquet"),
    (b"PARE", "encrypted Parquet"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (ZIP, "a ZIP archive (perhaps an Excel workbook)"),
    (OLE, "an old Excel workbook"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%PDF", "a PDF"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
)


def named_format(name: str) -> tuple[Format, Packing]:
    """Format and packing that the file name promises. Raises `BadFile` for other names."""
    stem = name.lower()
    packing = Packing.NONE
    for suffix, kind in _BY_PACKING.items():
        if stem.endswith(suffix):
            stem, packing = stem.removesuffix(suffix), kind
    found = _BY_SUFFIX.get(Path(stem).suffix)
    if found is None or (found in _UNPACKED and packing is not Packing.NONE):
        raise BadFile(reasons.wrong_format("something else", "a format that is not read"))
    return found, packing


def check_packing(name: str, packing: Packing, head: bytes) -> None:
    """Raise `BadFile` unless a compressed file starts as one."""
    if packing is not Packing.NONE and not head.startswith(_MAGIC[packing]):
        raise BadFile(reasons.bad_compression(packing.value, "it does not start as such data"))


def check_content(kind: Format, head: bytes) -> None:
    """Raise `BadFile` unless unpacked bytes can be of `kind`. Pickles are known by their opcode."""
    if kind is Format.PARQUET:
        if not head.startswith(_PARQUET):
            raise BadFile(reasons.wrong_format("Parquet", foreign(head) or "something else"))
        return
    if kind is Format.EXCEL:
        if not head.startswith((ZIP, OLE)):
            raise BadFile(reasons.wrong_format("a workbook", foreign(head) or "something else"))
        return
    found = foreign(head)
    if found:
        raise BadFile(reasons.wrong_format(kind.value.upper(), found))


def foreign(head: bytes) -> str:
    """What the bytes are by their first few, or an empty string when they may be text."""
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return "a Python pickle"
    # ORC and BZh are also the start of plausible column names; text goes on as text.
    for magic, what in _FOREIGN:
        if head.startswith(magic) and not _texty(head[:64]):
            return what
    return ""


def _texty(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head) and head.isascii()
