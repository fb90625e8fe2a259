"""Numbers as people read them in a sentence: `.012`, `+.0018`, `[-.002, .014]`."""

from __future__ import annotations

import math
from datetime import datetime


def num(value: float | None, *, sign: bool = False) -> str:
    """`value` with three decimals, or as many as two significant digits need; no leading zero.

    Whole digits are kept from 1,000 on. None and NaN read `unknown`.
    """
    if value is None or math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    size = abs(value)
    digits = _digits(size)
    text = "0" if float(digits) == 0 else digits
    mark = "-" if value < 0 and text != "0" else "+" if sign and text != "0" else ""
    return mark + (text.removeprefix("0") if text.startswith("0.") else text)


def _digits(size: float) -> str:
    if size == 0 or size < 1e-12:
        return "0"
    if size >= 1000:
        return f"{size:.0f}"
    decimals = max(3, 1 - math.floor(math.log10(size))) if size < 1 else 3 if size < 10 else 2
    rounded = f"{size:.{min(decimals, 15)}f}"
    short = f"{size:g}"
    return short if len(short) < len(rounded) and "e" not in short else rounded


def interval(bounds: tuple[float, float]) -> str:
    """`[low, high]`."""
    return f"[{num(bounds[0])}, {num(bounds[1])}]"


def chance(p_value: float) -> str:
    """`p .012`, `p < .0001`."""
    return "p < .0001" if p_value < 0.0001 else f"p {num(p_value)}"


def day(moment: datetime) -> str:
    """`2013-04-30`, with the time of day where there is one."""
    bare = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return f"{moment:%Y-%m-%d}" if bare else f"{moment:%Y-%m-%d %H:%M}"
