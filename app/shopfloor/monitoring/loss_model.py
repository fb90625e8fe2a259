"""How large the errors of a regression model are where: learned on its holdout, asked of rows without truth.

Direct loss estimation (NannyML's name for it; a model of the variance is older, Carroll & Ruppert 1988, "Transformation
and Weighting in Regression"): the squared error of a row is modelled by the row's own values and its prediction. The
model is additive with a log link (gamma regression, McCullagh & Nelder 1989, ch. 8), so that it is never below zero,
and small enough to be kept in the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from shopfloor.domain.numbers import significant
from shopfloor.monitoring.bins import NUMBER, bin_values, read_values, watched_values
from shopfloor.monitoring.records import FeatureReference, LossModel, LossTerm
from shopfloor.statistics.arrays import Floats, evenly
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

    from shopfloor.artifacts.table import Values

_MOST_FEATURES = 10
_MOST_ROWS = 20_000
_FEWEST_ROWS = 300
_LITTLE = 0.01
_RIDGE = 5.0
_LEFT = 0.1
_STEPS = 30
_FARTHEST = 4.0
_POINTS = 201


def fit_losses(
    frame: pd.DataFrame, features: Sequence[FeatureReference], prediction: FeatureReference, known: Predictions
) -> LossModel | None:
    """Learned on `known` rows of a holdout and their columns `frame`; None for too few rows or no error at all."""
    if len(known) < _FEWEST_ROWS:
        return None
    if len(known) > _MOST_ROWS:
        places = evenly(len(known), _MOST_ROWS)
        frame, known = frame.iloc[places], known.take(places)
    error = known.truth - known.predicted
    mean = float((error**2).mean())
    if not mean > 0:
        return None
    terms = tuple(_terms(_important(features), prediction))
    blocks = list(_blocks(terms, features, prediction, frame, known))
    weights, centre = _gamma(np.concatenate(blocks, axis=1), error**2 / mean)
    parts = np.split(weights, np.cumsum([block.shape[1] for block in blocks])[:-1])
    terms = tuple(_weighted(term, part) for term, part in zip(terms, parts, strict=True))
    tilt, bias = np.polyfit(known.predicted, error, 1) if float(np.ptp(known.predicted)) > 0 else (0.0, error.mean())
    model = LossModel(
        rows=len(known),
        bias=significant(float(bias)),
        tilt=significant(float(tilt)),
        offset=significant(centre + float(np.log(mean)) / 2),
        terms=terms,
        shape=(),
    )
    middle, spread = _likely(model, blocks, known)
    relative = np.quantile((error - middle) / spread, (np.arange(_POINTS) + 0.5) / _POINTS)
    # What is left of the error, as large as it was.
    scale = np.sqrt(((error - middle) ** 2).mean() / ((spread**2).mean() * (relative**2).mean()))
    return replace(model, shape=tuple(significant(float(one)) for one in relative * scale))


def likely_errors(
    model: LossModel,
    features: Sequence[FeatureReference],
    prediction: FeatureReference,
    frame: pd.DataFrame,
    predictions: Predictions,
) -> tuple[Floats, Floats]:
    """The mean of the error to be expected of each row, and what a draw of `shape` is multiplied by, (n,) each."""
    return _likely(model, list(_blocks(model.terms, features, prediction, frame, predictions)), predictions)


def _important(features: Sequence[FeatureReference]) -> list[FeatureReference]:
    used = [one for one in features if one.used and (one.importance is None or one.importance >= _LITTLE)]
    return sorted(used, key=lambda one: -(one.importance or 0.0))[:_MOST_FEATURES]


def _terms(features: Sequence[FeatureReference], prediction: FeatureReference) -> Iterator[LossTerm]:
    """Of a number, the quantiles between which its effect is linear; of all else, its bins."""
    for feature in (prediction, *features):
        knots = tuple(sorted(set(feature.whole.points))) if feature.bins.kind == NUMBER else ()
        if feature.bins.kind != NUMBER or len(knots) > 1:
            yield LossTerm(name=feature.name, knots=knots)


def _weighted(term: LossTerm, weights: Floats) -> LossTerm:
    return LossTerm(name=term.name, knots=term.knots, weights=tuple(significant(float(one)) for one in weights))


def _blocks(
    terms: Sequence[LossTerm],
    features: Sequence[FeatureReference],
    prediction: FeatureReference,
    frame: pd.DataFrame,
    predictions: Predictions,
) -> Iterator[Floats]:
    """The columns of each term, (n, weights)."""
    known: Mapping[str, FeatureReference] = {feature.name: feature for feature in features}
    for term in terms:
        feature = known[term.name] if term.name else prediction
        values: Values | None = watched_values(predictions) if not term.name else None
        if term.name and term.name in frame.columns:
            values = read_values(frame[term.name], feature)
        yield _columns(term, feature, values, len(frame))


def _columns(term: LossTerm, feature: FeatureReference, values: Values | None, rows: int) -> Floats:
    """Hats between knots, or a column a bin; the last column is for what is missing."""
    width = len(term.knots) or len(feature.bins.labels)
    found = np.zeros((rows, width + 1))
    if values is None:
        found[:, width] = 1.0
        return found
    binned = bin_values(values, feature.bins)
    each = np.arange(rows)
    if not term.knots or binned.numbers is None:
        found[each, np.where(binned.codes < 0, width, binned.codes)] = 1.0
        return found
    present = np.isfinite(binned.numbers)
    place = np.interp(np.where(present, binned.numbers, term.knots[0]), term.knots, np.arange(width))
    low = np.minimum(place.astype(np.intp), width - 2)
    found[each, low] = np.where(present, low + 1 - place, 0.0)
    found[each, low + 1] = np.where(present, place - low, 0.0)
    found[~present, width] = 1.0
    return found


def _likely(model: LossModel, blocks: Sequence[Floats], predictions: Predictions) -> tuple[Floats, Floats]:
    middle, size = model.bias + model.tilt * predictions.predicted, _size(model, blocks)
    return middle, np.sqrt(np.maximum(size**2 - middle**2, _LEFT * size**2))


def _size(model: LossModel, blocks: Sequence[Floats]) -> Floats:
    log = sum((block @ np.array(term.weights) for block, term in zip(blocks, model.terms, strict=True)), start=0.0)
    return np.exp(np.clip(np.asarray(log) / 2, -_FARTHEST, _FARTHEST) + model.offset)


def _gamma(design: Floats, ratio: Floats) -> tuple[Floats, float]:
    """Weights of log E(ratio), (columns,), held towards 0, and half the intercept. Fisher's scoring: with this link the
    information is the same at every step."""
    centre = design.mean(axis=0)
    centred = design - centre
    information = centred.T @ centred / 2 + _RIDGE * np.eye(design.shape[1])
    weights, intercept = np.zeros(design.shape[1]), float(np.log(ratio.mean()))
    for _ in range(_STEPS):
        said = np.exp(np.clip(intercept + centred @ weights, -2 * _FARTHEST, 2 * _FARTHEST))
        excess = np.clip(ratio / said, 0.0, 50.0) - 1
        step = np.linalg.solve(information, centred.T @ excess / 2 - _RIDGE * weights)
        intercept += float(np.clip(excess.mean(), -0.5, 0.5))
        weights = weights + step
        if np.abs(step).max() < 1e-4:
            break
    return weights, (intercept - float(centre @ weights)) / 2
