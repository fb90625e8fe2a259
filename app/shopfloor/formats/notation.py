"""How values are written as text: declared once, read by DuckDB (files) and by Python (single rows).

Patterns mean the same in RE2 and in `re` with `re.ASCII`. Blanks around a value are the spaces that
`trim` takes off.
"""

from __future__ import annotations

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "-", "?")
"""Spellings of "missing" in columns that are not text. In text they stay what they are."""

INFINITE = ("inf", "infinity")
"""Words for an infinite number, in any case, behind a sign or none."""

DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
UTC = r" ?(Z|UTC|GMT)"
OFFSET = r"[+-]\d{2}(:?\d{2})?"
MIDNIGHT = r"00:00(:00(\.0+)?)?"
POINT_DAY = r"\d{1,2}\.\d{1,2}\.\d{4}"
POINT_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"


def marked(group: str, decimal: str, *, alone: bool) -> str:
    """The pattern of a number with a mark between thousands and another before the fraction.

    `alone`: one group without a fraction counts, too. 1.234 does not, since a writer that has gone
    back to decimal points looks the same.
    """
    thousands, power = rf"[1-9]\d{{0,2}}(\{group}\d{{3}})", r"([eE][-+]?\d+)?"
    many = rf"(\d+|{thousands}{{{1 if alone else 2},}})(\{decimal}\d*)?"
    one = rf"{thousands}\{decimal}\d*"
    return rf"[-+]?({many}|{one}){power}"
