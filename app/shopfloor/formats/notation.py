"""How values are written as text: declared once, read by DuckDB (files) and by Python (single rows).

Patterns mean the same in RE2 and in `re` with `re.ASCII`.
"""

from __future__ import annotations

from shopfloor.domain.number_format import POINT, NumberFormat, pattern

INFINITY = "[-+]?(?i:inf|infinity)"

POINT_DAY = r"\d{1,2}\.\d{1,2}\.\d{4}"
POINT_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"


MONTH_DAY = r"\d{1,2}[-/ .][A-Za-z]{3,9}[-/ .]\d{4}|\d{4}[-/ ][A-Za-z]{3,9}[-/ ]\d{1,2}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
MONTH_FORMATS = tuple(
    form.replace("%b", month)
    for month in ("%b", "%B")
    for form in (
        "%d-%b-%Y",
        "%d/%b/%Y",
        "%d %b %Y",
        "%d.%b.%Y",
        "%Y-%b-%d",
        "%Y/%b/%d",
        "%Y %b %d",
        "%b %d, %Y",
        "%b %d %Y",
    )
)
"""Days with the month's English name or its first three letters: there is one way to read them."""

CLOCK_FORMATS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
"""What may follow the day in a column of times, once the order of day and month is pinned."""


MONTH_TIME = rf"({MONTH_DAY})( {POINT_CLOCK}(\.\d+)?)?"
MONTH_TIME_FORMATS = tuple(day + clock for day in MONTH_FORMATS for clock in CLOCK_FORMATS)


def time_formats(format: str) -> tuple[str, ...]:
    """The pinned format of a column of times, and its day with the other clocks."""
    day = format.partition(" %H:%M")[0]
    if not any(format == day + clock for clock in CLOCK_FORMATS):
        return (format,)
    return (format, *(day + clock for clock in CLOCK_FORMATS if day + clock != format))


GROUPS = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"
"""Digits in groups of three behind points: thousands where the comma is the decimal mark, else decimals."""


def marked(group: str, decimal: str, *, alone: bool) -> str:
    """The pattern of a number with a mark between thousands and another before the fraction.

    `alone`: one group without a fraction counts, too. 1.234 does not, since a writer that has gone
    back to decimal points looks the same.
    """
    thousands, power = rf"[1-9]\d{{0,2}}(\{group}\d{{3}})", r"([eE][-+]?\d+)?"
    many = rf"(\d+|{thousands}{{{1 if alone else 2},}})(\{decimal}\d*)?"
    one = rf"{thousands}\{decimal}\d*"
    return rf"[-+]?({many}|{one}){power}"


def signed(format: NumberFormat) -> str:
    """The pattern of a number with a sign such as % or $, or with parentheses for those below zero."""
    group, decimal = format.marks
    return pattern(format, marked(group, decimal, alone=format.base == POINT).removeprefix("[-+]?"))


def same_iso(format: str) -> bool:
    """True for a format of days beside which 2026-01-31 is no other day."""
    return not format.startswith("%Y") or format.startswith(("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"))


def same_point(format: str) -> bool:
    """True for a format of days beside which 31.01.2026 is no other day."""
    return "." not in format.partition(" ")[0] or format.startswith("%d.%m.%Y")
