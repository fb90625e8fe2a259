"""Where a model's holdout says nothing: rows that lie outside of what the reference covers."""

from __future__ import annotations

import numpy as np

from shopfloor.domain.numbers import percent
from shopfloor.domain.text import safe
from shopfloor.monitoring.bins import bin_values, watched_values
from shopfloor.monitoring.check_context import InputRows
from shopfloor.monitoring.drift import BREAK_SHARE, unseen_share
from shopfloor.monitoring.records import FeatureReference, Reference, Sketch
from shopfloor.statistics.predictions import Predictions

_MOST = 0.05
_LITTLE = 0.02


def beyond_reference(rows: InputRows, reference: Reference) -> str:
    """Why the reference does not cover the rows, by the first feature that matters; empty where it does."""
    for feature in reference.features:
        if not feature.used or (feature.importance is not None and feature.importance < _LITTLE):
            continue
        current, name = rows.sketch(feature), safe(feature.name, 60)
        lost = current.missing_share - feature.whole.missing_share
        if lost > BREAK_SHARE:
            return f"{name} is missing in {percent(current.missing_share)} of the rows"
        share = _outside(feature, current)
        if share > _MOST:
            return f"{name} has values in {percent(share)} of the rows that the training data does not have"
    return ""


def holdout_rows_like(predictions: Predictions, reference: Reference) -> float:
    """As how many rows of the holdout count where the predictions lie: its effective number under their distribution
    (Kish 1965, "Survey Sampling")."""
    watched = reference.prediction
    if watched is None or not len(predictions):
        return 0.0
    now = np.array(bin_values(watched_values(predictions), watched.bins).sketch(watched.bins).counts, dtype=np.float64)
    before = np.array(watched.whole.counts, dtype=np.float64)
    if not now.sum() or (now[before == 0].sum() > _MOST * now.sum()):
        return 0.0
    share = now[before > 0] / now[before > 0].sum()
    return float(1 / (share**2 / before[before > 0]).sum())


def _outside(feature: FeatureReference, current: Sketch) -> float:
    """The share of the values that lie where the reference has none, or are unseen beyond what is usual."""
    if not current.present:
        return 0.0
    pairs = zip(current.counts, feature.whole.counts, strict=True)
    empty = sum(count for count, before in pairs if not before) / current.present
    return max(empty, unseen_share(current, feature.bins) - unseen_share(feature.whole, feature.bins))
