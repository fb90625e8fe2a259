"""Ways to write days and numbers that could be read in two ways: only a whole column proves one.

01/02/2026 is the first of February or the second of January, 1.234 a thousand or little more than
one. One value never decides: where all values of a column fit one way and not the other, that way
is pinned as the column's format; where both fit, or neither, the column stays text and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.dialect import COMMA, POINT
from shopfloor.domain.missing import MISSING
from shopfloor.formats.cast_rules import CODE, OFFSET_ONLY, Reading, among, formatted
from shopfloor.formats.reasons import shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)
_DAY = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}(?:( )(\d{1,2}:\d{2})(:\d{2})?(\.\d{1,6})?( ?[AP]M)?)?", re.IGNORECASE)
_ISO = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ][\d:.]+ ?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?")


@dataclass(frozen=True)
class Spelling:
    """One way to read a column; an empty format is the plain one."""

    type: ColumnType
    format: str


@dataclass(frozen=True)
class Verdict:
    """What a column proves: a spelling, or why there is none. `open`: more values may yet decide."""

    spelling: Spelling | None = None
    notice: str = ""
    open: bool = False


def possible(first: str) -> tuple[Spelling, ...]:
    """Spellings to try for a column that is plain in no way, from its first value."""
    if _ISO.fullmatch(first):
        return (Spelling(ColumnType.TIMESTAMP, ""),)
    match = _DAY.fullmatch(first)
    if match is None:
        numeric = _NUMBER.fullmatch(first)
        return (Spelling(ColumnType.NUMBER, COMMA), Spelling(ColumnType.NUMBER, POINT)) if numeric else ()
    mark, time = match[1], _clock(match)
    kind = ColumnType.TIMESTAMP if time else ColumnType.DATE
    orders = (("d", "m"),) if mark == "." else (("d", "m"), ("m", "d"))
    return tuple(Spelling(kind, f"%{a}{mark}%{b}{mark}%Y{time}") for a, b in orders)


def prove(
    connection: DuckDBPyConnection,
    rows: str,
    columns: Mapping[int, Sequence[Spelling]],
    names: Sequence[str],
    declared: Sequence[str] = (),
) -> dict[int, Verdict]:
    """A verdict for each column, by its position, from all `rows`; `declared` words are missing, too."""
    if not columns:
        return {}
    missing = among((*MISSING, *declared))
    counts = []
    for i, spellings in columns.items():
        there = f"NOT {missing.format(v=f'c{i}')}"
        counts += [f"count_if({there})", f"count_if({there} AND ({CODE.format(v=f'c{i}')}))"]
        counts.append(f"count_if({there} AND contains(c{i}, ','))")
        counts += [f"count_if({there} AND NOT ({_reading(each).bad_inline(i)}))" for each in spellings]
    flat = iter(connection.execute(f"SELECT {', '.join(counts)} FROM {rows}").fetchall()[0])
    verdicts = {}
    for i, spellings in columns.items():
        values, codes, commas = next(flat), next(flat), next(flat)
        fitting = [each for each in spellings if next(flat) == values]
        if spellings[0].type is ColumnType.NUMBER and (codes or not commas):
            verdicts[i] = Verdict()  # a code such as 007, or not about commas at all
        else:
            verdicts[i] = _verdict(names[i], spellings, fitting)
    return verdicts


def _verdict(name: str, spellings: Sequence[Spelling], fitting: Sequence[Spelling]) -> Verdict:
    if len(fitting) == 1:
        return Verdict(spelling=fitting[0])
    kind = spellings[0].type
    if fitting:
        ways = " or ".join(f'"{each.format}"' for each in fitting)
        return Verdict(
            notice=f"Column {shown(name)} could be read as {ways}, so it was kept as text. "
            f'To decide, set its type = "{kind}" and its format in the contract.',
            open=True,
        )
    if kind is ColumnType.NUMBER:
        return Verdict(notice=f"Column {shown(name)} writes numbers in several ways, so it was kept as text.")
    return Verdict(notice=f"Column {shown(name)} writes {kind}s in several ways, so it was kept as text.")


def _reading(spelling: Spelling) -> Reading:
    return formatted(spelling.type, spelling.format) if spelling.format else OFFSET_ONLY


def _clock(match: re.Match[str]) -> str:
    """The time's pattern behind the day's, empty for a day alone."""
    if not match[2]:
        return ""
    hour = "%I" if match[6] else "%H"
    half = match[6].upper().replace("AM", "%p").replace("PM", "%p") if match[6] else ""
    return f" {hour}:%M{':%S' if match[4] else ''}{'.%f' if match[5] else ''}{half}"
