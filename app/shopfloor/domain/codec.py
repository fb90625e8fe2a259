"""Records to JSON and back, the same way in the store, on the socket and on a worker's pipe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(order="deterministic")


def to_json(value: object) -> bytes:
    """One JSON document; keys of dictionaries sorted, timestamps RFC 3339, NaN and infinity null."""
    return _ENCODER.encode(value)


def to_text(value: object) -> str:
    """`to_json` as text, for a column of type JSON."""
    return _ENCODER.encode(value).decode()


def from_json(data: bytes | str, kind: type[T]) -> T:
    """Decode and validate; raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    return msgspec.json.decode(data, type=kind)


def convert(value: Any, kind: type[T]) -> T:
    """Validate plain JSON values against a record type."""
    return msgspec.convert(value, type=kind, strict=False)


def to_plain(value: object) -> Any:
    """A record as dictionaries, lists, strings and numbers, as JSON would hold them."""
    return msgspec.to_builtins(value)


def utc(value: datetime) -> datetime:
    """`value` as an aware UTC time; a naive time is taken as UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
