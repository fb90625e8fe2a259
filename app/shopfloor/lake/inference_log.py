"""The REST endpoint's inference log: what its lines say, drained exactly once by the engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shopfloor.domain.record import Record
from shopfloor.workspace.segment_reader import READ, checked_lines, read_lines


class LogRecord(Record, frozen=True, kw_only=True):
    """One prediction. `prediction` is a class label (text) or a number; `inputs` are JSON values.

    `prediction` is what was served: None for a row that is refused, or where a model answered with something that is no
    finite number. `model_prediction` is what the model said, where that is something else, `threshold` what its
    probability was compared with, and `humility` says why it was not trusted, `humility_action` what was done then.
    `seconds` is how long its request took to be answered.
    """

    association_id: str
    at: datetime
    model: str
    model_version: int
    segment: str | None = None
    prediction: str | float | None
    model_prediction: str | float | None = None
    threshold: float | None = None
    humility: str | None = None
    humility_action: str | None = None
    seconds: float | None = None
    probabilities: dict[str, float | None] = {}
    inputs: dict[str, Any] = {}


class Drained(NamedTuple):
    """What a drain found: `offset` is where the next one starts, `damaged` counts skipped lines."""

    records: list[LogRecord]
    offset: int
    damaged: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LogRecord)


def encode_lines(records: Iterable[LogRecord]) -> bytes:
    """The lines of `records`, ready for one `write`."""
    return checked_lines(map(_encoder.encode, records))


def drain(segment: Path, offset: int, limit: int = READ) -> Drained:
    """The next records of `segment`, as `segment_reader.read_lines` finds them."""
    read = read_lines(segment, offset, limit)
    decoded = [_decode(document) for document in read.documents]
    records = [record for record in decoded if record is not None]
    return Drained(records, read.offset, read.damaged + len(decoded) - len(records))


def group(records: Iterable[LogRecord]) -> dict[tuple[str, int], list[LogRecord]]:
    """Records by model and version, each group in the order of the log."""
    groups: dict[tuple[str, int], list[LogRecord]] = {}
    for record in records:
        groups.setdefault((record.model, record.model_version), []).append(record)
    return groups


def _decode(document: bytes) -> LogRecord | None:
    try:
        return _decoder.decode(document)
    except msgspec.DecodeError:
        return None
