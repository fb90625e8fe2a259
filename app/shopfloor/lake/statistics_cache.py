"""Statistics kept beside the parts they describe: a cache that may be lost at any time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shopfloor.domain.columns import Column
from shopfloor.domain.handles import PartFile
from shopfloor.domain.ids import ulid
from shopfloor.lake.statistics import Statistics

# Hashes are DuckDB's own and may differ in another version of it: such statistics are computed again.
_FORMAT = f"shopfloor/statistics/1 duckdb/{version('duckdb')}"
_DIGEST = 32


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics by column (see `key`) and the names of the columns that the part stores."""

    format: str = _FORMAT
    present: tuple[str, ...] = ()
    columns: dict[str, Statistics] = {}


class StatisticsCache:
    """One file a part, and one for each run of parts that was ever merged.

    A file carries the digest of its content. One that is missing, damaged or of another format
    does not count as there; the caller measures again and puts it back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> Kept | None:
        """What is kept under `name`."""
        try:
            content = self._path(name).read_bytes()
            if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
                return None
            kept = _DECODER.decode(content[_DIGEST:])
        except (OSError, msgspec.DecodeError, ValueError):
            return None
        return kept if kept.format == _FORMAT else None

    def put(self, name: str, kept: Kept) -> None:
        """Keep it. What cannot be written is not kept: everything can be computed again."""
        body = _ENCODER.encode(kept)
        path = self._path(name)
        partial = path.with_name(f".{path.name}.{ulid()}.tmp")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(body).digest() + body)
            os.replace(partial, path)
        except OSError:
            _forget(partial)

    def has(self, name: str) -> bool:
        """True where a file of that name lies, sound or not."""
        return self._path(name).is_file()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.statistics"


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # there is no such folder either


def key(column: Column) -> str:
    """How a column is named in the cache: the same column read as another type has other statistics."""
    return f"{column.type}:{column.name}"


def chain(parts: Sequence[PartFile]) -> list[str]:
    """For every number of leading parts the name under which their merged statistics are kept."""
    names: list[str] = []
    digest = hashlib.sha256(b"shopfloor/merged/1")
    for part in parts:
        digest.update(bytes.fromhex(part.sha256))
        names.append(digest.copy().hexdigest())
    return names


def _encode(value: Any) -> bytes:
    """An array as its type and its bytes, little-endian; integers as narrow as they all fit."""
    if not isinstance(value, np.ndarray):
        raise NotImplementedError(f"{type(value).__name__} is not kept")
    width = 8
    if value.dtype.kind == "i" and value.size:
        width = max(np.min_scalar_type(end).itemsize for end in (int(value.min()), -int(value.max()) - 1))
    letters = f"{value.dtype.kind}{width}"
    return letters.encode() + bytes(value.astype(f"<{letters}").tobytes())


def _decode(kind: type, value: Any) -> Any:
    if kind is not np.ndarray or not isinstance(value, bytes) or value[:1] not in (b"i", b"u"):
        raise ValueError("not an array")
    return np.frombuffer(value[2:], f"<{value[:2].decode()}").astype(np.int64 if value[:1] == b"i" else np.uint64)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode)
_DECODER = msgspec.msgpack.Decoder(Kept, dec_hook=_decode)
