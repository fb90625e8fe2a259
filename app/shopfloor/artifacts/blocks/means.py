"""Categories with many levels: the shrunken mean of the target, fitted out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.blocks.block import Block, EncodingTarget, Style
from shopfloor.artifacts.blocks.number import Scale
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import Categorical, Floats, Table
from shopfloor.artifacts.values import text_of

_MOST_OUTPUTS = 10


@stored("level_means", "feature", "names", "means", "prior", "missing", "scales")
class LevelMeans(Block):
    """For each output (class or number) the mean target of the row's level, shrunk to the prior.

    A training row gets the means of the other folds, so its own target is not in its feature
    (cross-fitting, as in Micci-Barreca 2001 with scikit-learn's `TargetEncoder` scheme). The
    weight of the prior is the ratio of the variances within and between levels, estimated by
    analysis of variance (Searle, Casella & McCulloch 1992, 3.6), so levels seen once or twice
    stay near the prior and a column without signal becomes flat. Unknown levels get the prior.
    """

    kind = "many"

    def __init__(
        self,
        feature: str,
        names: list[str],
        means: dict[str, list[float]],
        prior: list[float],
        missing: list[float],
        scales: list[Scale],
    ) -> None:
        super().__init__(feature, names)
        self.means = means
        self.prior = prior
        self.missing = missing
        self.scales = scales

    def fill(self, table: Table, out: Floats) -> None:
        factor = table.factor(self.feature)
        known = [self.means.get(level, self.prior) for level in factor.levels]
        by_level = np.array([*known, self.missing], dtype=np.float64)
        self._write(by_level[factor.codes], out)

    def fill_training(self, table: Table, target: EncodingTarget, out: Floats) -> None:
        factor = table.factor(self.feature)
        self._write(_Levels.of(factor, target).out_of_fold(), out)

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        text = text_of(values.get(self.feature), self.feature)
        means = self.missing if text is None else self.means.get(text, self.prior)
        if self.scales:
            for scale, mean in zip(self.scales, means, strict=True):
                out.append(scale.one(mean))
        else:
            out += means

    def _write(self, means: Floats, out: Floats) -> None:
        out[:] = means
        for place, scale in enumerate(self.scales):
            out[:, place] = scale.column(means[:, place])


def means_block(feature: str, factor: Categorical, target: EncodingTarget, style: Style) -> Block | None:
    """The block for a column with many levels, fitted on all rows of `target`."""
    levels = _Levels.of(factor, target)
    means = levels.means()
    table = {
        level: [float(mean) for mean in means[place]]
        for place, level in enumerate(factor.levels)
        if levels.counts[place]
    }
    outputs = means.shape[1]
    names = [feature] if outputs == 1 else [f"{feature} mean {k}" for k in range(outputs)]
    prior = [float(value) for value in levels.prior]
    missing = [float(mean) for mean in means[-1]] if levels.counts[-1] else prior
    scales = [Scale.fit(column, bends=False) for column in means[levels.codes].T] if style == "dense" else []
    return LevelMeans(feature, names, table, prior, missing, scales)


def main_outputs(values: Floats) -> Floats:
    """The outputs that get a column: with many classes, the commonest ten."""
    if values.shape[1] <= _MOST_OUTPUTS:
        return values
    commonest = np.argsort(-values.sum(axis=0), kind="stable")[:_MOST_OUTPUTS]
    return values[:, np.sort(commonest)]


class _Levels:
    """Sums of the target by level. The mean of each fold is taken out first: folds may be
    stretches of time, and a level must not encode the season it was seen in."""

    def __init__(self, codes: NDArray[np.intp], count: int, values: Floats, folds: NDArray[np.intp]) -> None:
        self.codes = codes
        self.folds = folds
        self.prior: Floats = values.mean(axis=0)
        self.values = values - _means(folds, values)[folds] + self.prior
        self.counts: NDArray[Any] = np.bincount(codes, minlength=count)
        self.sums = _sums(codes, self.values, count)
        pairs = zip(self.sums.T, self.values.T, strict=True)
        self.weights = np.array([prior_weight(self.counts, sums, values) for sums, values in pairs])

    @classmethod
    def of(cls, factor: Categorical, target: EncodingTarget) -> _Levels:
        """The last level is that of missing values."""
        count = len(factor.levels) + 1
        codes = np.where(factor.codes < 0, count - 1, factor.codes)
        return cls(codes, count, main_outputs(target.values), target.folds)

    def means(self) -> Floats:
        """Shrunken means by level; shape (levels, outputs)."""
        return self._shrunken(self.sums, self.counts)

    def out_of_fold(self) -> Floats:
        """For each row the mean of its level in the other folds; shape (rows, outputs)."""
        out: Floats = np.empty_like(self.values)
        for fold in np.unique(self.folds):
            held = self.folds == fold
            codes = self.codes[held]
            sums = self.sums - _sums(codes, self.values[held], len(self.counts))
            counts = self.counts - np.bincount(codes, minlength=len(self.counts))
            out[held] = self._shrunken(sums, counts)[codes]
        return out

    def _shrunken(self, sums: Floats, counts: NDArray[Any]) -> Floats:
        means: Floats = (sums + self.weights * self.prior) / (counts[:, None] + self.weights)
        return means


def prior_weight(counts: NDArray[Any], sums: Floats, values: Floats) -> float:
    """Variance within levels over variance between them, from 1 to 1e9 (no signal at all)."""
    seen = counts > 0
    levels, rows = int(seen.sum()), len(values)
    if levels < 2 or rows <= levels:
        return 1e9
    mean = values.mean()
    total = float(((values - mean) ** 2).sum())
    between = float((counts[seen] * (sums[seen] / counts[seen] - mean) ** 2).sum())
    within = max(total - between, 0.0) / (rows - levels)
    size = (rows - float((counts**2).sum()) / rows) / (levels - 1)
    spread = (between / (levels - 1) - within) / size if size > 0 else 0.0
    return min(max(within / spread, 1.0), 1e9) if spread > 0 else 1e9


def _sums(codes: NDArray[np.intp], values: Floats, count: int) -> Floats:
    return np.column_stack([np.bincount(codes, weights=column, minlength=count) for column in values.T])


def _means(folds: NDArray[np.intp], values: Floats) -> Floats:
    """The mean of each fold; shape (folds, outputs)."""
    count = int(folds.max()) + 1
    rows: Floats = np.maximum(np.bincount(folds, minlength=count), 1).astype(np.float64)
    return _sums(folds, values, count) / rows[:, None]
