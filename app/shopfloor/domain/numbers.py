"""Numbers in words, the same in every locale: exact where one value is named, rounded elsewhere.

Every number that a person reads is written here; nothing else in the package rounds for people.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

NOTHING = "–"
"""What stands where there is no number."""
ZERO = 1e-9
"""What is smaller in a computed figure is zero but for rounding."""
_LARGE = 1e15
_BYTES = ("B", "kB", "MB", "GB", "TB")
_THOUSANDS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SPANS = ((86_400, " days", "d"), (3600, " h", "h"), (60, " min", "m"), (1, " s", "s"), (0.001, " ms", "ms"))


def exact(value: float) -> str:
    """One value of the data as it is written: `2018`, `17.2617`; no separators, no digits that are only rounding."""
    if not math.isfinite(value):
        return f"{value:g}"
    return _plain(f"{value:z.15g}")


def level(value: float) -> str:
    """A value of the data in a sentence, such as a median: whole numbers `exact`, from 10,000 on with separators."""
    if value == int(value) if math.isfinite(value) else False:
        return count(value) if 10_000 <= abs(value) < _LARGE else exact(value)
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
    return count(whole) if 1000 <= abs(whole) < _LARGE else _plain(shown)


def significant(value: float, digits: int = 5) -> float:
    """`value` with so many significant digits, as a number that is kept or shown later."""
    return float(f"{value:.{digits}g}")


def figure(value: float | None) -> str:
    """A score or effect: four decimals below 10, more where they would all be zero; a dash where there is none."""
    if value is None:
        return NOTHING
    size = abs(value)
    if not math.isfinite(value) or size >= _LARGE:
        return f"{value:.1e}" if math.isfinite(value) else f"{value:g}"
    if size >= 1000:
        return count(value) if value == int(value) else f"{value:,.1f}"
    if size < ZERO:
        return "0"
    if size < 1e-4:
        return rounded(value, 2)
    return f"{value:.4g}" if size >= 10 else f"{value:.4f}"


def gain(value: float) -> str:
    """A difference of scores with its sign: `+0.0123`; `0` where there is none."""
    return f"+{figure(value)}" if value >= ZERO else figure(value)


def interval(bounds: tuple[float, float]) -> str:
    """`[-0.0020, 0.0140]`."""
    return f"[{figure(bounds[0])}, {figure(bounds[1])}]"


def probability(p_value: float) -> str:
    """A p-value; below what matters it is not spelled out: `<0.0001`."""
    return "<0.0001" if p_value < 1e-4 else figure(p_value)


def chance(p_value: float) -> str:
    """A p-value or a level where its size matters however small it is: `0.0013`, `3e-12`."""
    return f"{p_value:.0e}" if 0 < p_value < 1e-4 else figure(p_value)


def count(number: float) -> str:
    """How many there are: `1,234,567`. Not for years, ids or values, which are `exact`."""
    return f"{number:z,.0f}"


def change(number: float) -> str:
    """How many more or fewer: `+1,200`; `0` where there are as many."""
    shown = count(number)
    return shown if number <= 0 or shown == "0" else f"+{shown}"


def row_changes(added: int, changed: int) -> str:
    """Rows that came, with their sign, and earlier ones that have other values: `0, 3,910 changed`."""
    return change(added) + (f", {count(changed)} changed" if changed else "")


def compact(number: float) -> str:
    """How many in at most five characters: `9,999`, `33k`, `1.2M`."""
    if abs(number) < 10_000:
        return count(number)
    size, unit = next((size, unit) for size, unit in _THOUSANDS if abs(number) >= 0.9995 * size)
    return f"{_short(number / size)}{unit}"


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


def whole_percent(share: float) -> str:
    """A share for a narrow column: `62 %`; `< 1 %` and `99 %` for what is not quite nothing and not quite all."""
    shown = f"{min(100 * share, 99) if share < 1 else 100 * share:z.0f} %"
    return "< 1 %" if shown == "0 %" and share > 0 else shown


def size(number: float) -> str:
    """Bytes in powers of 1,000: `512 B`, `1.2 MB`, `34 GB`."""
    amount, units = number, list(_BYTES)
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{count(amount) if units[0] == 'B' else _short(amount)} {units[0]}"


def duration(seconds: float, *, terse: bool = False) -> str:
    """A length of time in one unit: `47 ms`, `1.3 s`, `3.5 min`, `12 h`, `2 days`.

    `terse`, for a table, takes at most four characters up to 27 years: `47ms`, `1.3s`, `3.5m`, `12h`, `2d`.
    """
    for length, word, letter in _SPANS:
        amount = seconds / length
        if amount >= 0.9995 or (letter == "s" and (amount >= 0.0995 or amount == 0)) or letter == "ms":
            text = count(amount) if letter == "ms" else _short(amount)
            return f"{text}{letter}" if terse else f"{text}{' day' if text == '1' and letter == 'd' else word}"
    raise AssertionError("milliseconds end the loop")


def money(amount: float, unit: str, *, signed: bool = False) -> str:
    """An amount in its unit: `48,213 EUR`, `12.50 EUR`, `0.0042 EUR`; without a unit the amount alone."""
    size = abs(amount)
    text = count(amount) if size >= 1000 else f"{amount:.2f}" if size >= 0.1 else rounded(amount, 2)
    return f"{'+' if signed and amount > 0 and text != '0' else ''}{text} {unit}".rstrip()


def tick(value: float, low: float, high: float) -> str:
    """`value` at an axis from `low` to `high`: with the decimals that tell its points apart, at most seven
    characters.
    """
    span, size = abs(high - low), max(abs(low), abs(high))
    if 0 < span < math.inf and 1e-3 <= size < 1e4:
        return f"{value:z.{min(6, max(0, 2 - math.floor(math.log10(span))))}f}"
    size = abs(value)
    if size >= _LARGE or 0 < size < 1e-4:
        return f"{value:.1e}"
    scale, unit = next(((scale, unit) for scale, unit in _THOUSANDS if size >= max(scale, 1e4)), (1.0, ""))
    return f"{value / scale:.4g}{unit}"


def optional(write: Callable[[float], str]) -> Callable[[float | None], str]:
    """One of these functions for a number that may be missing, which is shown as a dash."""
    return lambda value: NOTHING if value is None else write(value)


def _short(amount: float) -> str:
    """At least two digits where they say something: `3.5`, `12`, `4`."""
    return count(amount) if amount >= 9.95 or round(amount, 1) % 1 == 0 else f"{amount:.1f}"


def _plain(text: str) -> str:
    """A number without an exponent; `e+` stays where the digits would be invented."""
    if "e" not in text or ("e+" in text and abs(float(text)) >= _LARGE):
        return text
    plain = format(Decimal(text), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
