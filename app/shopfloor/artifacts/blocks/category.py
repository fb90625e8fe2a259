"""Categories with few levels: a code for trees, one column a level for linear models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shopfloor.artifacts.blocks.block import Block, Style
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import Categorical, Floats, Table
from shopfloor.artifacts.values import NAN, text_of


@stored("category_code", "feature", "codes", "other")
class CategoryCode(Block):
    """The number of the level; rare and unknown levels share one, missing is NaN."""

    kind = "category"
    categorical = True

    def __init__(self, feature: str, codes: dict[str, float], other: float) -> None:
        super().__init__(feature, [feature])
        self.codes = codes
        self.other = other

    def fill(self, table: Table, out: Floats) -> None:
        factor = table.factor(self.feature)
        values = np.array([self.codes.get(level, self.other) for level in factor.levels], float)
        out[:, 0] = factor.spread(values, NAN)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        text = text_of(values.get(self.feature), self.feature)
        out.append(NAN if text is None else self.codes.get(text, self.other))


@stored("category_columns", "feature", "places", "other", "missing")
class CategoryColumns(Block):
    """One column a level (1 or 0), one for rare or unknown levels, one for missing."""

    kind = "category"

    def __init__(self, feature: str, places: dict[str, int], other: int, missing: int) -> None:
        names = [f"{feature}={level}" for level in places]
        names += [f"{feature} other"] if other >= 0 else []
        names += [f"{feature} missing"] if missing >= 0 else []
        super().__init__(feature, names)
        self.places = places
        self.other = other
        self.missing = missing

    def fill(self, table: Table, out: Floats) -> None:
        factor = table.factor(self.feature)
        targets = [self.places.get(level, self.other) for level in factor.levels]
        narrow = np.min_scalar_type(-1 - self.width)  # a byte a row is compared faster than eight
        places = np.array([*targets, self.missing], dtype=narrow)[factor.codes]
        for place in range(self.width):
            out[:, place] = places == place

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        text = text_of(values.get(self.feature), self.feature)
        place = self.missing if text is None else self.places.get(text, self.other)
        ones = [0.0] * self.width
        if place >= 0:
            ones[place] = 1.0
        out += ones


def category_block(feature: str, factor: Categorical, style: Style) -> Block | None:
    """The block for a column with few levels, or None when it never varies.

    Levels are ordered by frequency (ties by name); those too rare to learn from are pooled.
    """
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.levels))
    missing = bool((factor.codes < 0).any())
    used = sorted((-int(n), level) for n, level in zip(counts, factor.levels, strict=True) if n)
    if len(used) + missing < 2:
        return None
    least = rare_below(len(factor.codes))
    kept = [level for count, level in used if -count >= least]
    pooled = len(kept) < len(used)
    if style == "trees":
        codes = {level: float(place) for place, level in enumerate(kept)}
        return CategoryCode(feature, codes, float(len(kept)) if pooled else NAN)
    places = {level: place for place, level in enumerate(kept)}
    other = len(kept) if pooled else -1
    return CategoryColumns(feature, places, other, len(kept) + pooled if missing else -1)


def rare_below(rows: int) -> int:
    """Levels seen less often than this are pooled: 1 in 1,000 rows, from 2 to 10."""
    return min(10, max(2, rows // 1000))
