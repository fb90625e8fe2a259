"""Fitted estimators as scorers: encoded rows in, class probabilities or numbers out.

Each scorer gives one row exactly what it gives a batch: sums run in one fixed order instead of
in BLAS, whose order depends on the number of rows.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from shopfloor.artifacts.forest import FlatForest, narrow, probe
from shopfloor.artifacts.table import Floats
from shopfloor.artifacts.threads import for_rows
from shopfloor.artifacts.trees import FlatTrees

_FORESTS = {f"{kind}{task}" for kind in ("ExtraTrees", "RandomForest") for task in ("Classifier", "Regressor")}
_FEW = 48
"""Up to this many rows the flat trees are faster than one call of scikit-learn."""


class Scorer(Protocol):
    """`batch` maps (rows, inputs) to (rows, outputs); `row` maps one row to its outputs."""

    def batch(self, encoded: Any) -> Floats:
        """Probabilities (rows, classes), or predictions (rows, 1)."""
        ...

    def row(self, encoded: Any) -> list[float]:
        """Probabilities of one row, or its prediction alone."""
        ...


def scorer_for(estimator: Any, classes: int) -> Scorer:
    """The fastest exact scorer for an estimator of encoded rows; `classes` is 0 for regression."""
    kind = type(estimator).__name__
    if kind in {"LogisticRegression", "Ridge"} and hasattr(estimator, "coef_"):
        return LinearScorer(estimator, classes)
    if kind in {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}:
        return BoostingScorer(estimator, classes)
    if kind in _FORESTS:
        return ForestScorer(estimator, classes)
    return EstimatorScorer(estimator, classes)


class LinearScorer:
    """A linear model as weights; columns are added one after the other."""

    def __init__(self, estimator: Any, classes: int) -> None:
        self.weights: Floats = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
        self.offsets: Floats = np.atleast_1d(np.asarray(estimator.intercept_, dtype=np.float64))
        self.pairs = [
            (float(offset), [float(weight) for weight in weights])
            for offset, weights in zip(self.offsets, self.weights, strict=True)
        ]
        self.link = LinkFunction(_seen(estimator), classes)

    def batch(self, encoded: Floats) -> Floats:
        raw = np.empty((len(encoded), len(self.offsets)), order="F")
        for output, (offset, weights) in enumerate(self.pairs):
            total = raw[:, output]
            total[:] = offset
            for column, weight in enumerate(weights):
                total += encoded[:, column] * weight
        return self.link.batch(raw)

    def row(self, encoded: Floats) -> list[float]:
        values = encoded.tolist()
        raw = []
        for offset, weights in self.pairs:
            total = offset
            for value, weight in zip(values, weights, strict=True):
                total += value * weight
            raw.append(total)
        return self.link.row(raw)


class BoostingScorer:
    """Boosted trees: scikit-learn for batches, the flat copy for rows when it proved equal."""

    def __init__(self, estimator: Any, classes: int) -> None:
        self.estimator = estimator
        self.link: Link = LinkFunction(_seen(estimator), classes)
        self._flat: FlatTrees | None = None
        self._flat_failed = False

    def batch(self, encoded: Floats) -> Floats:
        if len(encoded) <= _FEW and (flat := self.flat()) is not None:
            raw = np.array([flat.raw(row) for row in encoded.tolist()])
            return self.link.batch(raw.reshape(len(encoded), len(flat.base)))
        return self.link.batch(self._raw(encoded))

    def row(self, encoded: Floats) -> list[float]:
        flat = self.flat()
        if flat is None:
            return self.link.row(self._raw(encoded.reshape(1, -1))[0].tolist())
        return self.link.row(flat.raw(encoded.tolist()))

    def flat(self) -> FlatTrees | None:
        """The flat copy, built on first use; None when this scikit-learn stores trees otherwise."""
        if self._flat is None and not self._flat_failed:
            try:
                flat = self._copy()
            except (AttributeError, KeyError, TypeError, ValueError, IndexError):
                self._flat_failed = True
                return None
            rows = self._probe()
            if flat.equals(rows, self._raw(rows)):
                self._flat = flat
            else:
                self._flat_failed = True
        return self._flat

    def _copy(self) -> FlatTrees:
        return FlatTrees(self.estimator)

    def _probe(self) -> Any:
        return _probe(self.estimator)

    def _raw(self, encoded: Any) -> Floats:
        with for_rows(len(encoded)):
            if hasattr(self.estimator, "decision_function"):
                raw = self.estimator.decision_function(encoded)
            else:
                raw = self.estimator.predict(encoded)
        return np.asarray(raw).reshape(len(encoded), -1)


class ForestScorer(BoostingScorer):
    """Forests, in the same two ways. Their raw scores are probabilities or numbers already."""

    def __init__(self, estimator: Any, classes: int) -> None:
        super().__init__(estimator, classes)
        self.link = Shares(_seen(estimator), classes)

    def batch(self, encoded: Any) -> Floats:
        return super().batch(narrow(encoded))

    def row(self, encoded: Any) -> list[float]:
        return super().row(narrow(encoded))

    def _copy(self) -> FlatTrees:
        return FlatForest(self.estimator)

    def _probe(self) -> Any:
        return probe(self.estimator)

    def _raw(self, encoded: Any) -> Floats:
        predict = self.estimator.predict_proba if self.link.classes else self.estimator.predict
        return np.asarray(predict(encoded)).reshape(len(encoded), -1)


class EstimatorScorer:
    """Any other estimator (a recipe's): its own `predict_proba` or `predict`.

    A classifier without probabilities gives its class probability 1.
    """

    def __init__(self, estimator: Any, classes: int) -> None:
        self.estimator = estimator
        self.classes = classes
        self.seen = _seen(estimator) if classes else []

    def batch(self, encoded: Floats | pd.DataFrame) -> Floats:
        if not self.classes:
            values = np.asarray(self.estimator.predict(encoded), dtype=np.float64)
            return values.reshape(len(encoded), 1)
        if hasattr(self.estimator, "predict_proba"):
            return spread(self.estimator.predict_proba(encoded), self.seen, self.classes)
        return np.eye(self.classes)[np.asarray(self.estimator.predict(encoded), dtype=np.intp)]

    def row(self, encoded: Floats | pd.DataFrame) -> list[float]:
        one = encoded if isinstance(encoded, pd.DataFrame) else encoded.reshape(1, -1)
        values: list[float] = self.batch(one)[0].tolist()
        return values


class Link(Protocol):
    """Raw scores to probabilities of `classes` classes, or to numbers where there are none."""

    classes: int

    def batch(self, raw: Floats) -> Floats:
        """Shape (rows, classes), or (rows, 1) for regression."""
        ...

    def row(self, raw: list[float]) -> list[float]:
        """The same for one row."""
        ...


class Shares:
    """Raw scores that are shares of the classes `seen` already, or numbers."""

    def __init__(self, seen: list[int], classes: int) -> None:
        self.seen = seen
        self.classes = classes

    def batch(self, raw: Floats) -> Floats:
        """Shape (rows, classes), or (rows, 1) for regression."""
        return spread(raw, self.seen, self.classes) if self.classes else raw

    def row(self, raw: list[float]) -> list[float]:
        """The same for one row."""
        values: list[float] = self.batch(np.array([raw]))[0].tolist()
        return values


class LinkFunction:
    """Raw scores to probabilities of all classes (logistic or softmax), or unchanged numbers.

    `seen` are the classes the estimator was fitted on; the others get probability 0.
    """

    def __init__(self, seen: list[int], classes: int) -> None:
        self.seen = seen
        self.classes = classes

    def batch(self, raw: Floats) -> Floats:
        """Shape (rows, classes), or (rows, 1) for regression."""
        if not self.classes:
            return raw
        if raw.shape[1] == 1:
            positive = expit(raw[:, 0])
            return spread(np.column_stack([1.0 - positive, positive]), self.seen, self.classes)
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        total = powers[:, 0].copy()
        for column in range(1, powers.shape[1]):
            total += powers[:, column]
        return spread(powers / total[:, None], self.seen, self.classes)

    def row(self, raw: list[float]) -> list[float]:
        """The same for one row."""
        if not self.classes:
            return raw
        if len(raw) == 1 and len(self.seen) == 2 == self.classes:
            positive = float(expit(raw[0]))
            return [1.0 - positive, positive]
        values: list[float] = self.batch(np.array([raw]))[0].tolist()
        return values


def spread(probabilities: Any, seen: list[int], classes: int) -> Floats:
    """Probabilities of the classes `seen` (in order) as columns of all classes."""
    given = np.asarray(probabilities, dtype=np.float64)
    if len(seen) == classes:
        return given
    full = np.zeros((len(given), classes))
    full[:, seen] = given
    return full


def _seen(estimator: Any) -> list[int]:
    return [int(code) for code in getattr(estimator, "classes_", ())]


def _probe(estimator: Any) -> Floats:
    """Rows that reach many leaves: thresholds of the trees, their neighbours, and NaN."""
    rng = np.random.default_rng(0)
    nodes = [tree.nodes for iteration in estimator._predictors for tree in iteration]
    splits = np.concatenate([tree["num_threshold"][tree["is_leaf"] == 0] for tree in nodes])
    values = splits[np.isfinite(splits)] if len(splits) else np.zeros(1)
    values = values if len(values) else np.zeros(1)
    rows: NDArray[np.float64] = rng.choice(values, (64, estimator.n_features_in_))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    flags = estimator.is_categorical_
    if flags is not None:
        codes = rng.integers(0, 60, (64, int(flags.sum()))).astype(np.float64)
        rows[:, flags] = np.where(np.isnan(rows[:, flags]), np.nan, codes)
    return rows
