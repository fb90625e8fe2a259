"""Numbers and booleans."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from shopfloor.artifacts.blocks.block import Block, Style, chunks
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import Floats, Table
from shopfloor.artifacts.values import boolean_of, number_of

_BEND = 3.0
_LIMIT = 1e6
_KNOTS = (0.25, 0.5, 0.75)


@stored("number", "feature")
class PlainNumber(Block):
    """The number itself, NaN where it is missing: what boosted trees like best."""

    kind = "number"

    def __init__(self, feature: str) -> None:
        super().__init__(feature, [feature])

    def fill(self, table: Table, out: Floats) -> None:
        out[:, 0] = table.numbers(self.feature)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        out.append(number_of(values.get(self.feature), self.feature))


@stored("boolean", "feature")
class PlainBoolean(Block):
    """1, 0 or NaN."""

    kind = "boolean"

    def __init__(self, feature: str) -> None:
        super().__init__(feature, [feature])

    def fill(self, table: Table, out: Floats) -> None:
        out[:, 0] = table.numbers(self.feature)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        out.append(boolean_of(values.get(self.feature), self.feature))


@stored("scale", "center", "scale", "knots")
class Scale:
    """A number on a robust scale, softly clipped, with hinges at quartiles, for linear models.

    z = (x - median) / interquartile range, then z / sqrt(1 + (z / 3)^2), which keeps outliers
    below 3 (the soft clipping of skrub's SquashingScaler). Hinges max(0, z - knot) at the
    quartiles let a linear model follow a curve (a linear spline in the truncated power basis;
    Hastie, Tibshirani & Friedman, Elements of Statistical Learning, 5.2). A missing value is
    the median.
    """

    def __init__(self, center: float, scale: float, knots: list[float]) -> None:
        self.center = center
        self.scale = scale
        self.knots = knots

    @classmethod
    def fit(cls, values: Floats, bends: bool = True) -> Scale:
        """Learn centre, scale and knots from the present ones of `values` (at least one)."""
        present = values[~np.isnan(values)]
        low, center, high = (float(q) for q in np.quantile(present, _KNOTS))
        with np.errstate(all="ignore"):
            scale = high - low or float(present.std()) or 1.0
        plain = cls(center, scale if math.isfinite(scale) else 1.0, [])
        few = len(np.unique(present[:1000])) <= 2
        squashed = np.array([plain.one(value) for value in (low, center, high)])
        ends = plain.column(np.array([present.min(), present.max()]))
        inside = squashed[(squashed > ends[0]) & (squashed < ends[1])]
        plain.knots = [] if few or not bends else [float(knot) for knot in np.unique(inside)]
        return plain

    @property
    def width(self) -> int:
        """One column and one for each knot."""
        return 1 + len(self.knots)

    def one(self, value: float) -> float:
        """The squashed z of one number."""
        if value != value:
            return 0.0
        z = (value - self.center) / self.scale
        z = _LIMIT if z > _LIMIT else -_LIMIT if z < -_LIMIT else z
        bent = z / _BEND
        return z / math.sqrt(1.0 + bent * bent)

    def column(self, values: Floats) -> Floats:
        """The squashed z of many numbers."""
        z: Floats = np.empty(len(values))
        self.write(values, z)
        return z

    def write(self, values: Floats, z: Floats) -> None:
        """The squashed z of many numbers, into `z`; in place, step by step as `one` does it."""
        with np.errstate(over="ignore"):
            np.subtract(values, self.center, out=z)
            z /= self.scale
        np.clip(z, -_LIMIT, _LIMIT, out=z)
        bent = z / _BEND
        bent *= bent
        bent += 1.0
        z /= np.sqrt(bent, out=bent)
        np.copyto(z, 0.0, where=np.isnan(values))

    def fill(self, values: Floats, out: Floats) -> None:
        """Write all `width` columns."""
        z = out[:, 0]
        self.write(values, z)
        for position, knot in enumerate(self.knots, start=1):
            hinge = out[:, position]
            np.maximum(0.0, np.subtract(z, knot, out=hinge), out=hinge)

    def append(self, value: float, out: list[float]) -> None:
        """Append all `width` numbers of one value."""
        z = self.one(value)
        out.append(z)
        out += [z - knot if z > knot else 0.0 for knot in self.knots]

    def names(self, stem: str) -> list[str]:
        """Names of the columns."""
        return [stem, *(f"{stem}>{index}" for index in range(1, self.width))]


@stored("scaled_number", "feature", "kind", "scale", "indicator")
class ScaledNumber(Block):
    """A number (or boolean) for a linear model, with an indicator where some were missing."""

    def __init__(self, feature: str, kind: str, scale: Scale, indicator: bool) -> None:
        names = scale.names(feature) + ([f"{feature} missing"] if indicator else [])
        super().__init__(feature, names)
        self.kind = kind
        self.scale = scale
        self.indicator = indicator

    def fill(self, table: Table, out: Floats) -> None:
        values = table.numbers(self.feature)
        for rows in chunks(table.rows):
            self.scale.fill(values[rows], out[rows])
            if self.indicator:
                out[rows, -1] = np.isnan(values[rows])

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        convert = boolean_of if self.kind == "boolean" else number_of
        value = convert(values.get(self.feature), self.feature)
        self.scale.append(value, out)
        if self.indicator:
            out.append(1.0 if value != value else 0.0)


def number_block(feature: str, kind: str, values: Floats, style: Style) -> Block | None:
    """The block for a numeric or boolean column, or None when it never varies."""
    missing = np.isnan(values)
    present = values[~missing]
    if not len(present) or (not missing.any() and bool((present == present[0]).all())):
        return None
    if style == "trees":
        return PlainBoolean(feature) if kind == "boolean" else PlainNumber(feature)
    return ScaledNumber(feature, kind, Scale.fit(values), bool(missing.any()))
