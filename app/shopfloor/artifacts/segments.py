"""Segments: the key values that split a model family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.domain.labels import label_of

MISSING = "(missing)"


def segment_of(values: Mapping[str, Any], segment_by: Sequence[str]) -> str:
    """The segment of one row: its key value, several joined by `|`."""
    return "|".join(_text(values.get(name)) for name in segment_by)


def segments_of(frame: pd.DataFrame, segment_by: Sequence[str]) -> NDArray[np.object_]:
    """The segment of every row of `frame`, as text."""
    labels: NDArray[np.object_] | None = None
    for name in segment_by:
        codes, found = pd.factorize(frame[name], use_na_sentinel=True)
        texts = np.array([*(_text(value) for value in found), MISSING], dtype=object)[codes]
        labels = texts if labels is None else labels + "|" + texts
    return np.full(len(frame), "", dtype=object) if labels is None else labels


def _text(value: Any) -> str:
    text = label_of(value)
    if text is None:
        return MISSING
    return text.replace("\\", "\\\\").replace("|", "\\|")
