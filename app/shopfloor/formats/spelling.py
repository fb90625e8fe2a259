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
from shopfloor.domain.missing import MISSING
from shopfloor.domain.number_format import COMMA, POINT, example, number_format, sign_of
from shopfloor.domain.text import quoted
from shopfloor.formats.cast_rule import CastRule
from shopfloor.formats.cast_rules import CODE, OFFSET_ONLY, among, formatted
from shopfloor.formats.notation import CLOCK_FORMATS
from shopfloor.formats.stacked import ask_each

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)
_MONTH = re.compile(
    r"(?P<day>\d{1,2}[-/ .][A-Za-z]{3,9}[-/ .]\d{4}|\d{4}[-/ ][A-Za-z]{3,9}[-/ ]\d{1,2}|[A-Za-z]{3,9} \d{1,2},? \d{4})"
    r"(?P<clock> \d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_SHORT = re.compile(r"\d{1,2}([-/. ])(?:\d{1,2}|[A-Za-z]{3})\1\d{2}")
_DAY = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}(?:( )(\d{1,2}:\d{2})(:\d{2})?(\.\d{1,6})?( ?[AP]M)?)?", re.IGNORECASE)
ISO = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ][\d:.]+ ?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?")


@dataclass(frozen=True)
class Spelling:
    """One way to read a column; an empty format is the plain one."""

    type: ColumnType
    format: str


@dataclass(frozen=True)
class SpellingProof:
    """What a column proves: a spelling, or why there is none. `open`: more values may yet decide."""

    spelling: Spelling | None = None
    notice: str = ""
    open: bool = False


def possible(first: str) -> tuple[Spelling, ...]:
    """Spellings to try for a column that is plain in no way, from its first value."""
    if ISO.fullmatch(first):
        return (Spelling(ColumnType.TIMESTAMP, ""),)
    if _SHORT.fullmatch(first):
        return _short(first)
    month = _MONTH.fullmatch(first)
    if month is not None:
        return _named(month)
    match = _DAY.fullmatch(first)
    if match is None:
        return _numbers(first)
    mark, time = match[1], _clock(match)
    kind = ColumnType.TIMESTAMP if time else ColumnType.DATE
    orders = (("d", "m"),) if mark == "." else (("d", "m"), ("m", "d"))
    return tuple(Spelling(kind, f"%{a}{mark}%{b}{mark}%Y{time}") for a, b in orders)


def _short(first: str) -> tuple[Spelling, ...]:
    """Years of two digits; which century is never proved."""
    mark = next(char for char in first if not char.isalnum())
    named, digits = ("%d %b %y", "%y %b %d"), ("%d %m %y", "%m %d %y", "%y %m %d")
    orders: tuple[str, ...] = named if any(map(str.isalpha, first)) else digits
    return tuple(Spelling(ColumnType.DATE, order.replace(" ", mark)) for order in orders)


def _named(match: re.Match[str]) -> tuple[Spelling, ...]:
    """The one way to read a day with its month's name, pinned as this one is written."""
    day, clock = match["day"], match["clock"]
    full = max(map(len, re.findall("[A-Za-z]+", day))) > 3
    shape = re.sub("[A-Za-z]+", "%B" if full else "%b", day)
    shape = re.sub(r"\d{1,2}", "%d", re.sub(r"\d{4}", "%Y", shape))
    if not clock:
        return (Spelling(ColumnType.DATE, shape),)
    seconds = CLOCK_FORMATS[clock.count(":") + ("." in clock)]
    return (Spelling(ColumnType.TIMESTAMP, shape + seconds),)


def _numbers(first: str) -> tuple[Spelling, ...]:
    sign = sign_of(first)
    if sign is not None:
        return tuple(Spelling(ColumnType.NUMBER, example(first, sign, base)) for base in (COMMA, POINT))
    if not _NUMBER.fullmatch(first):
        return ()
    return tuple(Spelling(ColumnType.NUMBER, format) for format in (COMMA, POINT, f"({COMMA})", f"({POINT})"))


def prove(
    connection: DuckDBPyConnection,
    rows: str,
    columns: Mapping[int, Sequence[Spelling]],
    names: Sequence[str],
    declared: Sequence[str] = (),
) -> dict[int, SpellingProof]:
    """A proof for each column, by its position, from all `rows`; `declared` words are missing, too."""
    if not columns:
        return {}
    missing = among((*MISSING, *declared))
    there = f"NOT {missing.format(v='c0')}"
    alike: dict[tuple[Spelling, ...], list[int]] = {}
    for i, spellings in columns.items():
        alike.setdefault(tuple(spellings), []).append(i)
    proofs: dict[int, SpellingProof] = {}
    for spellings, some in alike.items():
        counts = [f"count_if({there})", f"count_if({there} AND ({CODE.format(v='c0')}))"]
        counts += [f"count_if({there} AND contains(c0, '{mark}'))" for mark in ",("]
        counts += [f"count_if({there} AND NOT ({_reading(each).bad_inline(0)}))" for each in spellings]
        found = ask_each(connection, rows, some, ", ".join(counts))
        proofs |= {i: _proof(names[i], spellings, found[i]) for i in some if i in found}
    return proofs


def _proof(name: str, spellings: Sequence[Spelling], counts: Sequence[int | None]) -> SpellingProof:
    values, codes, commas, parentheses, *fit = (count or 0 for count in counts)
    fits = dict(zip(spellings, fit, strict=True))
    if spellings[0].type is not ColumnType.NUMBER:
        return _day_proof(name, fits, values)
    fitting = [] if codes else _numeric(fits, values, commas, parentheses)
    return _number_proof(name, fitting, with_notice=not codes and (commas > 0 or not is_plain(spellings[0])))


def _numeric(fits: Mapping[Spelling, int], values: int, commas: int, parentheses: int) -> list[Spelling]:
    """The formats that all values prove; one with a sign or parentheses only where there are some."""
    fitting = []
    for each, count in fits.items():
        how = number_format(each.format)
        if how is not None and count == values and (how.sign or (parentheses if how.parentheses else commas)):
            fitting.append(each)
    signed = any(how.sign for each in fitting if (how := number_format(each.format)) is not None)
    # Without any mark both say the same: later files bring the usual one.
    return fitting[-1:] if len(fitting) == 2 and not commas and (signed or parentheses) else fitting


def is_plain(spelling: Spelling) -> bool:
    """False for numbers that only a text can hold, in JSON too."""
    how = number_format(spelling.format)
    return how is None or how.plain


def _number_proof(name: str, fitting: Sequence[Spelling], *, with_notice: bool) -> SpellingProof:
    if len(fitting) > 1:
        return _ambiguous(name, fitting)
    if not fitting:
        notice = f"Column {quoted(name)} writes numbers in several ways, so it was kept as text."
        return SpellingProof(notice=notice if with_notice else "")
    (proved,) = fitting
    how = number_format(proved.format)
    if how is None or how.plain:
        return SpellingProof(spelling=proved)
    notice = f"Column {quoted(name)} is written as {proved.format}, and read as numbers"
    meant = "7.5 % is 7.5" if how.sign == "%" else "(12.50) is -12.5" if not how.sign else f"{how.sign} is left out"
    return SpellingProof(spelling=proved, notice=f"{notice}: {meant}.")


def _day_proof(name: str, fits: Mapping[Spelling, int], values: int) -> SpellingProof:
    fitting = [each for each, count in fits.items() if count == values]
    kind = next(iter(fits)).type
    if fitting and any("%y" in each.format for each in fitting):
        ways = " or ".join(f'"{each.format}"' for each in fitting)
        return SpellingProof(
            notice=f"Column {quoted(name)} writes years with two digits ({ways}), so it was kept as text. "
            f'To read it, set its type = "{kind}" and its format in the contract: 69 to 99 are 19xx, others 20xx.',
        )
    if len(fitting) > 1:
        return _ambiguous(name, fitting)
    if fitting:
        return SpellingProof(spelling=fitting[0])
    if max(fits.values()) * 2 < values:
        return SpellingProof()  # it only begins like a day
    return SpellingProof(notice=f"Column {quoted(name)} writes {kind}s in several ways, so it was kept as text.")


def _ambiguous(name: str, fitting: Sequence[Spelling]) -> SpellingProof:
    ways = " or ".join(f'"{each.format}"' for each in fitting)
    return SpellingProof(
        notice=f"Column {quoted(name)} could be read as {ways}, so it was kept as text. "
        f'To decide, set its type = "{fitting[0].type}" and its format in the contract.',
        open=True,
    )


def _reading(spelling: Spelling) -> CastRule:
    return formatted(spelling.type, spelling.format) if spelling.format else OFFSET_ONLY


def _clock(match: re.Match[str]) -> str:
    """The time's pattern behind the day's, empty for a day alone."""
    if not match[2]:
        return ""
    hour = "%I" if match[6] else "%H"
    half = match[6].upper().replace("AM", "%p").replace("PM", "%p") if match[6] else ""
    return f" {hour}:%M{':%S' if match[4] else ''}{'.%f' if match[5] else ''}{half}"
