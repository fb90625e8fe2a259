"""Words in a column that mean no value, or that alone keep it from a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopfloor.domain.missing import MISSING
from shopfloor.formats.cast_rules import CODE, among
from shopfloor.formats.stacked import ask_each

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEW = 3
"""So many different words may be all that keeps a column from a type."""
_MOSTLY = 0.5

_WORDY = "NOT regexp_matches(c0, '[0-9]')"
_NUMBER = "TRY_CAST(c0 AS DOUBLE) IS NOT NULL"
_COUNTS = (
    f"count(c0), count_if({CODE.format(v='c0')}), count_if(regexp_matches(c0, '[0-9]')), "
    f"approx_count_distinct(CASE WHEN {_WORDY} THEN c0 END), "
    f"count_if({_NUMBER}), min(CASE WHEN NOT ({_NUMBER}) THEN c0 END)"
)

Words = Mapping[str, int]
"""Words and how often each occurs."""


@dataclass(frozen=True)
class Doubt:
    """A text column in which some values differ in kind from most: the words without a digit, where they
    are few, and how many values are no number, with an example, where at least half are."""

    words: Words
    values: int
    not_numbers: int = 0
    example: str = ""


def known_words(
    connection: DuckDBPyConnection, rows: str, columns: Sequence[int], declared: Sequence[str]
) -> dict[int, Words]:
    """The words for "missing" that each of `columns` holds."""
    if not columns:
        return {}
    known = among([word for word in (*MISSING, *declared) if word])
    words = f"histogram(CASE WHEN {known.format(v='c0')} THEN trim(c0) END)"
    found = ask_each(connection, rows, columns, words)
    return {i: dict(found[i][0]) for i in columns if i in found and found[i][0]}


def doubts(
    connection: DuckDBPyConnection, rows: str, columns: Sequence[int], declared: Sequence[str]
) -> dict[int, Doubt]:
    """Those text `columns` that nearly have another type."""
    if not columns:
        return {}
    known = among((*MISSING, *declared))
    value = f"CASE WHEN NOT {known.format(v='r0')} THEN trim(r0) END"
    counts = ask_each(connection, rows, columns, _COUNTS, value=value)
    found: dict[int, Doubt] = {}
    wordy: list[int] = []
    for i in columns:
        values, codes, digits, words, numbers, example = counts.get(i, (0,) * 6)
        if codes or not values:
            continue
        if words <= FEW and values / 2 <= digits < values:
            wordy.append(i)
        if _MOSTLY * values <= numbers < values:
            found[i] = Doubt({}, values, values - numbers, str(example))
        elif i in wordy:
            found[i] = Doubt({}, values)
    listed = ask_each(connection, rows, wordy, f"histogram(CASE WHEN {_WORDY} THEN c0 END)", value=value)
    for i, (words,) in listed.items():
        if words and len(words) <= FEW:
            found[i] = Doubt(dict(words), found[i].values, found[i].not_numbers, found[i].example)
    return found
