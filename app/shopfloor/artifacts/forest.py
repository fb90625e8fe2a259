"""Forests of scikit-learn taken apart, to score one row without its per-call overhead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.table import Floats
from shopfloor.artifacts.trees import FlatTrees, Node

_LARGEST = float(np.finfo(np.float32).max)


class FlatForest(FlatTrees):
    """The trees of a fitted `ExtraTrees*` or `RandomForest*`; a leaf is a list, one number an output.

    A raw score is the mean over the trees: the share of a class, or the predicted number itself.
    """

    def __init__(self, estimator: Any) -> None:
        self.forest: list[Node] = [_tree(each.tree_) for each in estimator.estimators_]
        self.base = [0.0] * estimator.estimators_[0].tree_.value.shape[2]

    def raw(self, row: list[float]) -> list[float]:
        """The raw scores of one row of single precision (`narrow`)."""
        totals = list(self.base)
        for node in self.forest:
            while node.__class__ is tuple:
                column, threshold, left, right, missing = node
                value = row[column]
                node = left if value <= threshold else right if value == value else missing
            for output, value in enumerate(node):
                totals[output] += value
        return [total / len(self.forest) for total in totals]


def narrow(encoded: Floats) -> NDArray[Any]:
    """Rows in the single precision that forests know; what is beyond it is its largest number."""
    narrowed: NDArray[Any] = np.clip(encoded, -_LARGEST, _LARGEST).astype(np.float32)
    return narrowed


def probe(estimator: Any) -> NDArray[Any]:
    """Rows that reach many leaves: thresholds of the trees and NaN."""
    rng = np.random.default_rng(0)
    trees = [each.tree_ for each in estimator.estimators_]
    splits = np.concatenate([tree.threshold[tree.feature >= 0] for tree in trees])
    rows = rng.choice(splits if len(splits) else np.zeros(1), (64, estimator.n_features_in_))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return narrow(rows)


def _tree(tree: Any) -> Node:
    columns, thresholds = tree.feature.tolist(), tree.threshold.tolist()
    lefts, rights = tree.children_left.tolist(), tree.children_right.tolist()
    missing, values = tree.missing_go_to_left.tolist(), tree.value[:, 0, :].tolist()
    built: list[Node] = values
    for place in range(len(values) - 1, -1, -1):  # children come after their parent
        if lefts[place] < 0:
            continue
        left, right = built[lefts[place]], built[rights[place]]
        built[place] = (columns[place], thresholds[place], left, right, left if missing[place] else right)
    return built[0]
