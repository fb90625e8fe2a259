"""How much each feature matters: the loss of score when its values are shuffled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.table import Table
from shopfloor.statistics.metric import Metric
from shopfloor.statistics.predictions import from_scores
from shopfloor.training.records import FeatureImportance

_SAMPLE = 2_000
_SAMPLE_OF_RECIPES = 300


def importances(
    model: FittedModel, holdout: Table, truth: NDArray[Any], metric: Metric, seed: int
) -> tuple[FeatureImportance, ...]:
    """Permutation importance on a sample of holdout rows, greatest first (Breiman 2001; Fisher,
    Rudin & Dominici 2019). One shuffle a feature; encoded columns of a feature move together.
    """
    rng = np.random.default_rng(seed)
    limit = _SAMPLE if model.encoder is not None else _SAMPLE_OF_RECIPES
    rows = rng.permutation(holdout.rows)[:limit]
    sample, values = holdout.take(rows), truth[rows]
    shuffled = rng.permutation(len(rows))
    if model.encoder is not None:
        scores = _encoded_scores(model, sample, shuffled)
    else:
        scores = _plain_scores(model, sample, shuffled)
    before = metric.score(from_scores(model.task, values, model.scores(sample)))
    if before is None:
        return ()
    kinds = {feature.name: feature.kind for feature in model.features}
    found = []
    for name, after in scores.items():
        value = metric.score(from_scores(model.task, values, after))
        loss = 0.0 if value is None else before - value
        found.append(FeatureImportance(name=name, kind=kinds.get(name, ""), importance=loss))
    return tuple(sorted(found, key=lambda one: (-one.importance, one.name)))


def _encoded_scores(model: FittedModel, sample: Table, shuffled: NDArray[np.intp]) -> dict[str, Any]:
    """Scores with each feature shuffled, from one encoding and one call of the estimator."""
    assert model.encoder is not None
    encoded = model.encoder.transform(sample)
    features = model.encoder.features_of()
    stacked = np.empty((len(features) * len(encoded), encoded.shape[1]), order="F")
    for place, spans in enumerate(features.values()):
        block = stacked[place * len(encoded) : (place + 1) * len(encoded)]
        block[:] = encoded
        for span in spans:
            block[:, span] = encoded[shuffled, span]
    scores = model.scorer.batch(stacked)
    return {name: scores[place * len(encoded) :][: len(encoded)] for place, name in enumerate(features)}


def _plain_scores(model: FittedModel, sample: Table, shuffled: NDArray[np.intp]) -> dict[str, Any]:
    moved = sample.take(shuffled)
    found = {}
    for feature in model.features:
        columns = {**sample.columns, feature.name: moved.columns[feature.name]}
        found[feature.name] = model.scores(Table(sample.rows, columns))
    return found
