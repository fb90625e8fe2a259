"""Words in a column that stand for no value, or that alone keep it from a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopfloor.domain.missing import MISSING
from shopfloor.formats.cast_rules import CODE, among

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEW = 3
"""So many different words may be all that keeps a column from a type."""
_MOSTLY = 0.5

Words = Mapping[str, int]
"""Words and how often each occurs."""


@dataclass(frozen=True)
class Doubt:
    """A text column in which some values differ in kind from most: the words without a digit, where they
    are few, and how many values are no number, with an example, where at least half are."""

    words: Words
    values: int
    misfits: int = 0
    example: str = ""


def known_words(
    connection: DuckDBPyConnection, rows: str, columns: Sequence[int], declared: Sequence[str]
) -> dict[int, Words]:
    """The words for "missing" that each of `columns` holds."""
    if not columns:
        return {}
    known = among([word for word in (*MISSING, *declared) if word])
    items = (f"histogram(CASE WHEN {known.format(v=f'c{i}')} THEN trim(c{i}) END)" for i in columns)
    found = connection.execute(f"SELECT {', '.join(items)} FROM {rows}").fetchall()[0]
    return {i: dict(words) for i, words in zip(columns, found, strict=True) if words}


def doubts(
    connection: DuckDBPyConnection, rows: str, columns: Sequence[int], declared: Sequence[str]
) -> dict[int, Doubt]:
    """Those text `columns` that nearly have another type."""
    if not columns:
        return {}
    known = among((*MISSING, *declared))
    tried = ", ".join(f"CASE WHEN NOT {known.format(v=f'c{i}')} THEN trim(c{i}) END AS c{i}" for i in columns)
    inner = f"(SELECT {tried} FROM {rows})"
    items = [item for i in columns for item in _counts(f"c{i}")]
    flat = iter(connection.execute(f"SELECT {', '.join(items)} FROM {inner}").fetchall()[0])
    found: dict[int, Doubt] = {}
    wordy: list[int] = []
    for i in columns:
        values, codes, digits, words, numbers, example = (next(flat) for _ in range(6))
        if codes or not values:
            continue
        if words <= FEW and values / 2 <= digits < values:
            wordy.append(i)
        if _MOSTLY * values <= numbers < values:
            found[i] = Doubt({}, values, values - numbers, str(example))
        elif i in wordy:
            found[i] = Doubt({}, values)
    if wordy:
        items = [f"histogram(CASE WHEN {_wordy(f'c{i}')} THEN c{i} END)" for i in wordy]
        listed = connection.execute(f"SELECT {', '.join(items)} FROM {inner}").fetchall()[0]
        for i, words in zip(wordy, listed, strict=True):
            if 0 < len(words) <= FEW:
                found[i] = Doubt(dict(words), found[i].values, found[i].misfits, found[i].example)
    return found


def _counts(value: str) -> tuple[str, ...]:
    number = f"TRY_CAST({value} AS DOUBLE) IS NOT NULL"
    return (
        f"count({value})",
        f"count_if({CODE.format(v=value)})",
        f"count_if(regexp_matches({value}, '[0-9]'))",
        f"approx_count_distinct(CASE WHEN {_wordy(value)} THEN {value} END)",
        f"count_if({number})",
        f"min(CASE WHEN NOT ({number}) THEN {value} END)",
    )


def _wordy(value: str) -> str:
    return f"NOT regexp_matches({value}, '[0-9]')"
