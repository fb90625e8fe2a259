"""Many tests at once: how many of the findings are false."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the order given; at most 1 (Benjamini & Hochberg 1995).

    Those at or below q are a set of findings of which a share of at most q is false on average.
    """
    raw = np.asarray(values, dtype=np.float64)
    if not len(raw):
        return []
    order = np.argsort(raw, kind="stable")
    scaled = raw[order] * len(raw) / np.arange(1, len(raw) + 1)
    adjusted = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return [float(value) for value in result]
