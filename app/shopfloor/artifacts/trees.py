"""Boosted trees of scikit-learn taken apart, to score one row without its per-call overhead."""

from __future__ import annotations

from typing import Any

import numpy as np

from shopfloor.artifacts.table import Floats

Node = Any
"""A leaf's value, or (feature, threshold, left, right, where missing goes, codes that go left,
codes that are known); the last two are None for a numeric split."""


class FlatTrees:
    """The trees of a fitted `HistGradientBoosting*` as nested tuples.

    Scores are added in the order scikit-learn adds them, so both give the same bits. Reads
    fitted attributes that are private to scikit-learn; `equals` proves the copy on real rows.
    """

    def __init__(self, estimator: Any) -> None:
        self.base = [float(value) for value in estimator._baseline_prediction.ravel()]
        columns, recode = _inputs(estimator)
        known = _known_codes(estimator)
        self.trees: list[list[Node]] = [
            [_tree(tree, columns, recode, known) for tree in iteration] for iteration in estimator._predictors
        ]

    def raw(self, row: list[float]) -> list[float]:
        """The raw scores of one encoded row, one a class (or one in all)."""
        totals = list(self.base)
        for iteration in self.trees:
            for output, node in enumerate(iteration):
                while node.__class__ is tuple:
                    column, threshold, left, right, missing, goes_left, known = node
                    value = row[column]
                    if goes_left is None:
                        node = left if value <= threshold else right if value == value else missing
                    elif value in goes_left:
                        node = left
                    else:
                        node = right if value in known else missing
                totals[output] += node
        return totals

    def equals(self, rows: Floats, raw: Floats) -> bool:
        """True when `raw` (rows, outputs) of scikit-learn is exactly what this copy gives."""
        own = np.array([self.raw(row) for row in rows.tolist()])
        return bool(np.array_equal(own, raw.reshape(own.shape)))


def _inputs(estimator: Any) -> tuple[list[int], dict[int, list[float]]]:
    """For each input of the trees its encoded column, and for category columns their codes.

    scikit-learn moves category columns to the front and renumbers their codes.
    """
    if estimator.is_categorical_ is None:
        return list(range(estimator.n_features_in_)), {}
    front = np.flatnonzero(estimator.is_categorical_).tolist()
    back = np.flatnonzero(~estimator.is_categorical_).tolist()
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    recode = {place: [float(code) for code in codes] for place, codes in enumerate(encoder.categories_)}
    return front + back, recode


def _known_codes(estimator: Any) -> dict[int, set[int]]:
    mapper = estimator._bin_mapper
    if mapper.is_categorical_ is None:
        return {}
    return {
        int(place): {int(code) for code in mapper.bin_thresholds_[place]}
        for place in np.flatnonzero(mapper.is_categorical_)
    }


def _tree(tree: Any, columns: list[int], recode: dict[int, list[float]], known: dict[int, set[int]]) -> Node:
    built: list[Node] = [0.0] * len(tree.nodes)
    for place in range(len(tree.nodes) - 1, -1, -1):  # children come after their parent
        node = tree.nodes[place]
        if node["is_leaf"]:
            built[place] = float(node["value"])
            continue
        left, right = built[node["left"]], built[node["right"]]
        missing = left if node["missing_go_to_left"] else right
        column = int(node["feature_idx"])
        threshold = float(node["num_threshold"])
        codes: frozenset[float] | None = None
        seen: frozenset[float] | None = None
        if node["is_categorical"]:
            bits = tree.raw_left_cat_bitsets[node["bitset_idx"]]
            names = recode[column]
            chosen = [c for c in range(len(names)) if int(bits[c // 32]) >> (c % 32) & 1]
            codes = frozenset(names[code] for code in chosen)
            seen = frozenset(names[code] for code in known[column] if code < len(names))
        built[place] = (columns[column], threshold, left, right, missing, codes, seen)
    return built[0]
