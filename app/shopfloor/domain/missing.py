"""Words that mean "no value", the same for every input.

In columns that are not text the common ones are known. In a text column a word is what it says (a
plan may be called "None") unless the contract's `[parser] missing` declares it; only `\\N`, which
nothing but a database writes, is missing everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.csv_text import is_formula
from shopfloor.domain.numbers import count

ALWAYS_MISSING = "\\N"
"""How MySQL, PostgreSQL, Hive and Spark write NULL."""

MISSING = (
    "", ALWAYS_MISSING, "NA", "na", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "Null", "null",
    "NaN", "nan", "NAN", "-NaN", "-nan", "NaT", "None", "none", "NONE", "-", "?",
)  # fmt: skip
"""Missing in every column that is not text; blanks around them do not count."""

SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""The blanks that may stand around a value, as DuckDB's `trim` takes them off: no tabs and line ends."""

MOST_WORDS, LONGEST = 100, 60


def may_mean_missing(word: str) -> bool:
    """True for what somebody may write for "no value": no number, no list of words, and no formula of a spreadsheet."""
    if not word.isprintable() or not 0 < len(word) <= LONGEST or any(map(str.isdigit, word)) or "," in word:
        return False
    return not (is_formula(word) and any(map(str.isalnum, word)))


def word_at_fault(words: Sequence[str]) -> str:
    """Why declared words cannot be used, as the end of a sentence; empty when they can."""
    if len(words) > MOST_WORDS:
        return f"lists {count(len(words))} words; at most {MOST_WORDS} are looked for"
    for word in words:
        if word != word.strip(" ") or not word:
            return "has a word that is empty or has blanks around it; both are missing without it"
        if len(word) > LONGEST or not word.isprintable():
            return f"has a word longer than {LONGEST} characters, or one that cannot be printed"
    return ""
