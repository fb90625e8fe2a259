"""What bytes are by their first few: a name alone is not believed."""

from __future__ import annotations

ZIP, OLE, PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
# A file that starts so is no text, whatever its name says.
_FOREIGN = (
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (PARQUET, "Parquet"),
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


def foreign(head: bytes) -> str:
    """What the bytes are by their first few, or an empty string when they may be text."""
    # Pickles are known by their opcode.
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return "a Python pickle"
    # ORC and BZh are also the start of plausible column names; text goes on as text.
    for magic, what in _FOREIGN:
        if head.startswith(magic) and not _texty(head[:64]):
            return what
    return ""


def _texty(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head) and head.isascii()
