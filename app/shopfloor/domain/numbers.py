"""Numbers in words, the same in every locale: exact where one value is named, rounded elsewhere."""

from __future__ import annotations

import math
from decimal import Decimal

ZERO = 1e-9
"""What is smaller in a computed figure is zero but for rounding."""
_LARGE = 1e15


def exact(value: float) -> str:
    """One value of the data as it is written: `2018`, `17.2617`; no separators, no digits that are only rounding."""
    if not math.isfinite(value):
        return f"{value:g}"
    return _plain(f"{value:.15g}")


def level(value: float) -> str:
    """A value of the data in a sentence, such as a median: whole numbers `exact`, from 10,000 on with separators."""
    if value == int(value) if math.isfinite(value) else False:
        return f"{value:,.0f}" if 10_000 <= abs(value) < _LARGE else exact(value)
    return rounded(value, 4)


def rounded(value: float, digits: int = 3) -> str:
    """A computed figure with so many significant digits: `0.0123`, `2.5`, `12,300`; `0` where it is zero but for
    rounding.
    """
    if not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < ZERO:
        return "0"
    shown = f"{value:.{digits}g}"
    whole = float(shown)
    return f"{whole:,.0f}" if 1000 <= abs(whole) < _LARGE else _plain(shown)


def figure(value: float) -> str:
    """A score or effect for a column: four decimals below 10, more where they would all be zero."""
    size = abs(value)
    if not math.isfinite(value) or size >= _LARGE:
        return f"{value:.1e}" if math.isfinite(value) else f"{value:g}"
    if size >= 1000:
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if size < ZERO:
        return "0"
    if size < 1e-4:
        return rounded(value, 2)
    return f"{value:.4g}" if size >= 10 else f"{value:.4f}"


def percent(share: float) -> str:
    """`60 %`, `0.3 %`, `< 0.1 %`; `99.9 %` for what is not quite all."""
    value = 100 * share
    if not math.isfinite(value) or abs(value) < 1e-9:
        return "0 %" if math.isfinite(value) else f"{value:g} %"
    if value < 0:
        return f"-{percent(-share)}"
    if value < 0.1:
        return "< 0.1 %"
    if abs(value - round(value)) < 1e-9 or 9.95 <= value <= 98 or value > 100:
        return f"{value:.0f} %"
    return f"{min(value, 99.9) if value < 100 else value:.1f} %"


def _plain(text: str) -> str:
    """A number without an exponent; `e+` stays where the digits would be invented."""
    if "e" not in text or ("e+" in text and abs(float(text)) >= _LARGE):
        return text
    plain = format(Decimal(text), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
