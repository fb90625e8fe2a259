"""Guessing what was done to a number: a changed unit leaves a clear trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopfloor.domain.numbers import rounded
from shopfloor.statistics.distances import wasserstein

_EXPLAINS = 0.34
_LEFT = 0.07
_LEFT_SUITING = 0.6
_CLEARLY = 2.0
_CENTRED = 0.2
_TEMPERATURE = ("temp", "dew", "degree", "celsius", "fahrenheit")
_LENGTH = ("dist", "length", "height", "width", "depth", "mile", "km", "visib", "altitude", "elevation", "speed")
_MASS = ("weight", "mass", "pound")
_TIME = ("time", "duration", "minute", "second", "delay")


@dataclass(frozen=True)
class Conversion:
    """new = factor * old + shift. `words` are parts of names that make it likely."""

    name: str
    factor: float
    shift: float = 0.0
    words: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """A power of ten, or the sign: no measure has to be guessed."""
        return not self.words


_CONVERSIONS = (
    Conversion("°F became °C", 5 / 9, -160 / 9, _TEMPERATURE),
    Conversion("°C became °F", 1.8, 32.0, _TEMPERATURE),
    Conversion("°C became K", 1.0, 273.15, _TEMPERATURE),
    Conversion("K became °C", 1.0, -273.15, _TEMPERATURE),
    Conversion("miles became kilometres", 1.609344, 0.0, _LENGTH),
    Conversion("kilometres became miles", 1 / 1.609344, 0.0, _LENGTH),
    Conversion("feet became metres", 0.3048, 0.0, _LENGTH),
    Conversion("metres became feet", 1 / 0.3048, 0.0, _LENGTH),
    Conversion("inches became centimetres", 2.54, 0.0, _LENGTH),
    Conversion("centimetres became inches", 1 / 2.54, 0.0, _LENGTH),
    Conversion("pounds became kilograms", 0.45359237, 0.0, _MASS),
    Conversion("kilograms became pounds", 1 / 0.45359237, 0.0, _MASS),
    Conversion("minutes became seconds", 60.0, 0.0, _TIME),
    Conversion("seconds became minutes", 1 / 60, 0.0, _TIME),
    Conversion("values were multiplied by 10", 10.0),
    Conversion("values were divided by 10", 0.1),
    Conversion("values were multiplied by 100", 100.0),
    Conversion("values were divided by 100", 0.01),
    Conversion("values were multiplied by 1,000", 1000.0),
    Conversion("values were divided by 1,000", 0.001),
    Conversion("the sign was flipped", -1.0),
)


@dataclass(frozen=True)
class Guess:
    """A change of unit in words. `is_certain` when nothing that grows or moves by itself does that: a power of ten, the
    sign of numbers that nearly all had the same one, or a unit that the feature's name suggests, too, if the numbers
    have spread by its factor.
    """

    words: str
    is_certain: bool


def unit_change(feature: str, before: Sequence[float], now: Sequence[float]) -> Guess | None:
    """The change of unit that turns the numbers `before` into those `now`.

    Both are quantiles. A conversion must explain two thirds of the distance, and leave little
    against the width of the numbers. One that suits the feature's name is named (it may leave more,
    for a season goes on meanwhile), and so is a plain factor that is clearly closest. Else only the
    factor is given: a feature whose name does not suggest a length gets no "miles became kilometres". Of numbers
    around 0 no factor is told from a wider spread, unless it is a power of ten.
    """
    if not before or not now:
        return None
    old, new = np.asarray(before), np.asarray(now)
    width = _width(new)
    explained = _EXPLAINS * wasserstein(old, new)
    possible = [one for one in _CONVERSIONS if one.is_plain or one.shift or not _is_centred(old)]
    left = {one: wasserstein(one.factor * old + one.shift, new) for one in possible}
    able = sorted((one for one in possible if left[one] <= explained), key=lambda one: left[one])
    name = feature.lower()
    fitting = [one for one in able if left[one] <= _LEFT_SUITING * width and any(word in name for word in one.words)]
    if fitting:
        return Guess(fitting[0].name, is_certain=_spread_by(fitting[0].factor, _width(old), width))
    close = [one for one in able if left[one] <= _LEFT * width]
    if not close:
        return None
    clearly = len(close) == 1 or left[close[1]] >= _CLEARLY * left[close[0]]
    if clearly and close[0].is_plain:
        return Guess(close[0].name, is_certain=close[0].factor > 0 or _have_one_sign(old))
    middle = float(np.median(old))
    factor = f" (values ×{rounded(float(np.median(new)) / middle, 2)})" if middle else ""
    return Guess(f"the unit changed{factor}", is_certain=False)


def _width(numbers: NDArray[np.float64]) -> float:
    return float(np.quantile(numbers, 0.9) - np.quantile(numbers, 0.1))


def _spread_by(factor: float, before: float, now: float) -> bool:
    """Whether the width changed by a factor closer to this one than to 1: numbers that only moved are as wide."""
    if not before or not now:
        return False
    change = np.log(now / before)
    return factor == 1 or bool(abs(change - np.log(factor)) <= abs(change))


def _have_one_sign(numbers: NDArray[np.float64]) -> bool:
    """Whether all but the outermost tenths do: what lies around 0 may cross it."""
    low, high = np.quantile(numbers, [0.1, 0.9])
    return bool(low * high > 0)


def _is_centred(numbers: NDArray[np.float64]) -> bool:
    """Whether they lie around 0: its middle is small against its width."""
    low, middle, high = np.quantile(numbers, [0.1, 0.5, 0.9])
    return abs(float(middle)) <= _CENTRED * float(high - low)
