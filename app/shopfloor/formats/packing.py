"""How a delivered file's bytes are compressed."""

from __future__ import annotations

from enum import StrEnum

from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import bad_compression


class Packing(StrEnum):
    """How the bytes are compressed."""

    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"


_BY_SUFFIX = {".gz": Packing.GZIP, ".zst": Packing.ZSTD}
_MAGIC = {Packing.GZIP: b"\x1f\x8b", Packing.ZSTD: b"\x28\xb5\x2f\xfd"}


def named_packing(name: str) -> tuple[str, Packing]:
    """A lower-case name without the suffix of its packing, and the packing."""
    for suffix, packing in _BY_SUFFIX.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), packing
    return name, Packing.NONE


def check_packing(packing: Packing, head: bytes) -> None:
    """Raise `BadFile` unless a compressed file starts as one."""
    if packing is not Packing.NONE and not head.startswith(_MAGIC[packing]):
        raise BadFile(bad_compression(packing.value, "it does not start as such data"))
