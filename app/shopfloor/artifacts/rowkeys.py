"""Stable keys of rows: 64-bit hashes that depend on a row's values and on nothing else.

The same row has the same key in every dataset version, process and release of the libraries, so
a row that was ever held out stays held out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Categorical, Table, Timestamps, Values
from shopfloor.domain.labels import label_of

Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)


def content_keys(table: Table, names: Sequence[str]) -> Keys:
    """One key a row from the values of the columns `names`.

    Missing values do not enter, so a column added later (empty in old rows) changes no old key.
    """
    total = np.zeros(table.rows, dtype=np.uint64)
    for name in names:
        if name in table.columns:
            total += _column_keys(table.columns[name], name)
    return mixed(total)


def id_keys(series: pd.Series[Any]) -> tuple[Keys, NDArray[np.bool_]]:
    """One key a row from its id, and which rows have an id at all."""
    codes, found = pd.factorize(series)
    labels = [label_of(value) for value in found]
    known = np.array([*(label is not None for label in labels), False])
    keys = np.append(_hashes(label or "" for label in labels), np.uint64(0))
    return keys[codes], known[codes]


def row_keys(frame: pd.DataFrame, table: Table, id: str | None) -> tuple[Keys, Keys]:
    """Keys that identify rows (by id where there is one), and keys by content; `table` has all columns but target
    and id.
    """
    content = content_keys(table, sorted(table.columns))
    if not id or id not in frame.columns:
        return content, content
    keys, known = id_keys(frame[id])
    return np.where(known, keys, content), content


def mixed(values: Keys, salt: int = 0) -> Keys:
    """A bijective scrambling of 64 bits (splitmix64; Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = values + _GOLDEN * np.uint64(salt + 1)
        z = (z ^ (z >> np.uint64(30))) * _MULTIPLY_1
        z = (z ^ (z >> np.uint64(27))) * _MULTIPLY_2
        return z ^ (z >> np.uint64(31))


def shares(keys: Keys, salt: int = 0) -> NDArray[np.float64]:
    """Keys as evenly spread numbers from 0 (with) to 1 (without)."""
    return (mixed(keys, salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def digest(keys: Keys) -> str:
    """The sha256 of a set of rows: of their sorted keys."""
    return hashlib.sha256(np.sort(keys).astype("<u8").tobytes()).hexdigest()


def occurrences(keys: Keys) -> NDArray[np.uint64]:
    """For each row how many rows with the same key stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    counts = np.diff(np.append(starts, len(keys)))
    found = np.empty(len(keys), dtype=np.uint64)
    found[order] = np.arange(len(keys)) - np.repeat(starts, counts)
    return found


def _column_keys(values: Values, name: str) -> Keys:
    salt = int(_hashes([name])[0])
    if isinstance(values, Categorical):
        by_level = np.append(mixed(_hashes(values.levels) ^ np.uint64(salt)), np.uint64(0))
        return by_level[values.codes]
    if isinstance(values, Timestamps):
        bits, missing = values.micros.view(np.uint64), values.micros == NO_TIME
    else:
        bits, missing = (values + 0.0).view(np.uint64), np.isnan(values)  # + 0.0: -0.0 equals 0.0
    return np.where(missing, np.uint64(0), mixed(bits ^ np.uint64(salt)))


def _hashes(texts: Iterable[str]) -> Keys:
    hashed = hashlib.blake2b
    raw = b"".join([hashed(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts])
    return np.frombuffer(raw, dtype="<u8").astype(np.uint64)
