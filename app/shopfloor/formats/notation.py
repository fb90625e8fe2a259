"""How values are written as text: declared once, read by DuckDB (files) and by Python (single rows).

Patterns mean the same in RE2 and in `re` with `re.ASCII`.
"""

from __future__ import annotations

import re

INFINITY = "[-+]?(?i:inf|infinity)"

# RFC 3339 takes small letters for T and Z, too.
T = "[Tt ]"
DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
UTC = r" ?(Z|z|UTC|GMT)"
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


def plain_beside(format: str) -> bool:
    """True for a pattern of days beside which 2026-01-31 is no other day: it does not begin with year and day."""
    order = [code for code in re.findall(r"%(.)", format) if code in "YmdbBj"]
    return order[:2] != ["Y", "d"]
