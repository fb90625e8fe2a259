"""Formats of number columns: how 1234 and 56 hundredths are written, and with which sign."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

COMMA, POINT = "1.234,56", "1,234.56"
"""By their marks between thousands and before the fraction."""

CURRENCIES = frozenset(
    {"AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR",
     "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "RON", "RUB",
     "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR", "kr", "zł", "Kč", "Ft"}
)  # fmt: skip
_SYMBOL = re.compile("[A-Z]{0,3}[$€£¥₹₽₩₺₫₦₪฿]")
_BLANK = " \u00a0\u202f"
_LONGEST = 8


class NumberFormat(NamedTuple):
    """`base` is `COMMA` or `POINT`; `sign` stands with every number (`%`, `$`, `USD`); `parentheses` mean minus."""

    base: str
    sign: str = ""
    parentheses: bool = False

    @property
    def marks(self) -> tuple[str, str]:
        """The mark between thousands and the one before the fraction."""
        return (".", ",") if self.base == COMMA else (",", ".")

    @property
    def plain(self) -> bool:
        """True where only digits and their marks are written."""
        return not self.sign and not self.parentheses


@lru_cache(maxsize=256)
def number_format(text: str) -> NumberFormat | None:
    """The format that `text` is an example of, such as `1,234.56 %`, `$1,234.56` or `(1.234,56)`; None for others."""
    for base in (COMMA, POINT):
        before, found, after = text.partition(base)
        if not found:
            continue
        parentheses = before[:1] == "(" and after[-1:] == ")"
        if parentheses:
            before, after = before[1:], after[:-1]
        signs = [side.strip(_BLANK) for side in (before, after)]
        sign = "".join(signs)
        if all(signs) or len(sign) > _LONGEST or not sign.isprintable() or re.search(r"[\d(),.+\-\s]", sign):
            return None
        return NumberFormat(base, sign, parentheses)
    return None


def sign_of(value: str) -> str | None:
    """The known sign that a number is written with, empty for parentheses alone; None where it is no such number."""
    sign = re.sub(rf"[\d.,+\-()\s{_BLANK}]", "", value)
    digits = re.search(r"\d", value)
    if digits is None or sign not in value:
        return None
    if sign:
        known = sign == "%" or sign in CURRENCIES or _SYMBOL.fullmatch(sign)
        return sign if known else None
    return "" if value.startswith("(") and value.endswith(")") else None


def example(value: str, sign: str, base: str) -> str:
    """`base` with the sign where `value` has it."""
    if not sign:
        return f"({base})"
    at, digit = value.index(sign), re.search(r"\d", value)
    before = digit is not None and at < digit.start()
    near = value[at + len(sign) : at + len(sign) + 1] if before else value[at - 1 : at]
    gap = " " if near and near in _BLANK else ""
    return f"{sign}{gap}{base}" if before else f"{base}{gap}{sign}"


def pattern(format: NumberFormat, number: str) -> str:
    """The pattern of numbers in a format that is not plain, from that of a `number` without plus or minus.

    It means the same to `re` and to RE2; blanks around the value are off.
    """
    gap = f"[{_BLANK}]?"
    if not format.sign:
        return rf"[-+]?{number}|\({number}\)"
    sign = re.escape(format.sign)
    before = rf"([-+]?{gap}{sign}{gap}|{sign}{gap}[-+]){number}"
    negative = rf"\({sign}{gap}{number}\)|\({number}{gap}{sign}\)|{sign}{gap}\({number}\)|\({number}\){gap}{sign}"
    return rf"{before}|[-+]?{number}{gap}{sign}|{negative}"


def bare(format: NumberFormat, value: str) -> str:
    """A value that fits the pattern, as `float` reads it."""
    group, decimal = format.marks
    text = value.replace(format.sign, "") if format.sign else value
    text = re.sub(rf"[{_BLANK}()+]", "", text).replace(group, "").replace(decimal, ".")
    return f"-{text}" if "(" in value else text
