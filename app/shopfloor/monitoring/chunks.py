"""Stretches of the reference's time, which show how much the data moves by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME
from shopfloor.monitoring.records import Chunk

MOST = 26
SMALLEST = 100

_WANTED = 6
_FEWEST = 4
_RANDOM = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_STRETCHES = 8
_COVERED = 0.8
_UNITS = ("year", "quarter", "month", "week", "day", "hour")


@dataclass(frozen=True)
class Chunked:
    """`codes` numbers the chunk of every row in time order, -1 is none, (rows,)."""

    by: str
    codes: NDArray[np.intp]
    chunks: tuple[Chunk, ...]


def chunk_rows(rows: int, micros: NDArray[np.int64] | None, seed: int = 0) -> Chunked:
    """Divide `rows` rows by the greatest unit of time that gives six chunks
    (or four), else into stretches of equal size in time order; at random without a time.

    `micros` are times as microseconds since 1970 in UTC, (rows,); `NO_TIME` rows are in no chunk.
    Chunks of fewer than 100 rows are left out, and only the newest 26 are kept.
    """
    if micros is None or (micros != NO_TIME).sum() < 2 * SMALLEST:
        return _at_random(rows, seed)
    return _by_time(micros)


def _by_time(micros: NDArray[np.int64]) -> Chunked:
    fallback = None
    for name in _UNITS:
        found = _take(name, _labels(name, micros), micros)
        if _thin(found):
            continue
        if len(found.chunks) >= _WANTED:
            return found
        if len(found.chunks) >= _FEWEST and fallback is None:
            fallback = found
    return fallback or _stretches(micros)


def _thin(chunked: Chunked) -> bool:
    """True when many rows lie in chunks that are too small to count."""
    return len(chunked.chunks) < MOST and float((chunked.codes >= 0).mean()) < _COVERED


def _labels(unit: str, micros: NDArray[np.int64]) -> NDArray[np.int64]:
    if unit == "week":
        return (micros // _DAY + 3) // 7
    if unit == "day":
        return micros // _DAY
    if unit == "hour":
        return micros // _HOUR
    months = micros.view("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return months // {"year": 12, "quarter": 3, "month": 1}[unit]


def _stretches(micros: NDArray[np.int64]) -> Chunked:
    timed = np.flatnonzero(micros != NO_TIME)
    number = min(_STRETCHES, len(timed) // SMALLEST)
    labels = np.zeros(len(micros), dtype=np.int64)
    order = timed[np.argsort(micros[timed], kind="stable")]
    labels[order] = np.arange(len(order)) * number // len(order)
    return _take("stretch", labels, micros)


def _at_random(rows: int, seed: int) -> Chunked:
    number = min(_RANDOM, rows // SMALLEST)
    if number < 2:
        return Chunked("random", np.full(rows, -1, dtype=np.intp), ())
    codes = np.random.default_rng(seed).permutation(rows) % number
    counts = np.bincount(codes, minlength=number)
    return Chunked("random", codes.astype(np.intp), tuple(Chunk(rows=int(count)) for count in counts))


def _take(by: str, labels: NDArray[np.int64], micros: NDArray[np.int64]) -> Chunked:
    """Chunks of equal `labels`, in order of their mean time."""
    usable = micros != NO_TIME
    distinct, codes = np.unique(labels[usable], return_inverse=True)
    counts = np.bincount(codes, minlength=len(distinct))
    times = micros[usable]
    places = np.flatnonzero(counts >= SMALLEST)
    means = np.bincount(codes, weights=times.astype(np.float64), minlength=len(distinct))
    places = places[np.argsort((means / counts)[places], kind="stable")][-MOST:]
    table = np.full(len(distinct), -1, dtype=np.intp)
    table[places] = np.arange(len(places))
    result = np.full(len(labels), -1, dtype=np.intp)
    result[usable] = table[codes]
    return Chunked(by, result, _spans(counts[places], times, table[codes]))


def _spans(counts: NDArray[np.intp], times: NDArray[np.int64], codes: NDArray[np.intp]) -> tuple[Chunk, ...]:
    first = np.full(len(counts), np.iinfo(np.int64).max)
    last = np.full(len(counts), np.iinfo(np.int64).min)
    inside = codes >= 0
    np.minimum.at(first, codes[inside], times[inside])
    np.maximum.at(last, codes[inside], times[inside])
    return tuple(
        Chunk(rows=int(count), start=_moment(start), end=_moment(end))
        for count, start, end in zip(counts, first, last, strict=True)
    )


def _moment(micros: np.int64) -> datetime:
    return _EPOCH + timedelta(microseconds=int(micros))
