"""Free text: a few dimensions from hashed words and word pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.extmath import randomized_svd

from shopfloor.artifacts.blocks.block import Block, Style
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import Categorical, Floats, Table
from shopfloor.artifacts.values import text_of

_BUCKETS = 1 << 12
_DIMENSIONS = 16
_SAMPLE = 20_000


@stored("text_dimensions", "feature", "weights", "directions")
class TextDimensions(Block):
    """Latent semantic dimensions of a text (Deerwester et al. 1990) on hashed word counts.

    Words and word pairs are hashed into 4,096 buckets, weighted by inverse document frequency,
    scaled to unit length and projected on the first singular directions of the training texts.
    A missing text is all zeros.
    """

    kind = "text"

    def __init__(self, feature: str, weights: Floats, directions: Floats) -> None:
        names = [f"{feature} dimension {k}" for k in range(directions.shape[1])]
        super().__init__(feature, names)
        self.weights = weights
        self.directions = directions

    def fill(self, table: Table, out: Floats) -> None:
        factor = table.factor(self.feature)
        out[:] = 0.0
        used = np.unique(factor.codes[factor.codes >= 0])
        if not len(used):
            return
        by_level = np.zeros((len(factor.levels) + 1, self.width))
        by_level[used] = self.project([factor.levels[code] for code in used])
        out[:] = by_level[factor.codes]

    def row(self, values: Mapping[str, Any], out: list[float]) -> None:
        text = text_of(values.get(self.feature), self.feature)
        out += [0.0] * self.width if text is None else self.project([text])[0].tolist()

    def project(self, texts: list[str]) -> Floats:
        """Texts to dimensions. Each row depends on its own text alone, bit for bit."""
        weighted = _weighted(_counts(texts), self.weights)
        return np.asarray(weighted @ self.directions)


def text_block(feature: str, factor: Categorical, style: Style, seed: int) -> Block | None:
    """The block for a column of free text, fitted on the texts of its rows."""
    present = factor.codes[factor.codes >= 0]
    if len(present) > _SAMPLE:
        present = np.random.default_rng(seed).choice(present, _SAMPLE, replace=False)
    counts = _counts([factor.levels[code] for code in present])
    documents = np.bincount(counts.indices, minlength=_BUCKETS)
    weights = np.log((1.0 + len(present)) / (1.0 + documents)) + 1.0
    weighted = _weighted(counts, weights)
    size = min(_DIMENSIONS, len(present) - 1, int((documents > 0).sum()) - 1)
    if size < 1:
        return None
    _, strength, directions = randomized_svd(weighted, size, random_state=seed)
    scale = strength / np.sqrt(len(present)) if style == "dense" else np.ones(size)
    return TextDimensions(feature, weights, np.ascontiguousarray((directions / np.maximum(scale, 1e-9)[:, None]).T))


def is_text(factor: Categorical) -> bool:
    """True for columns of sentences rather than names: several words, long, mostly distinct."""
    sample = [factor.levels[code] for code in np.unique(factor.codes[:2000]) if code >= 0]
    if len(sample) < 20:
        return False
    words = sum(text.count(" ") + 1 for text in sample) / len(sample)
    length = sum(map(len, sample)) / len(sample)
    return words >= 3.0 and length >= 20.0


def _counts(texts: list[str]) -> sparse.csr_matrix:
    vectorizer = HashingVectorizer(n_features=_BUCKETS, ngram_range=(1, 2), norm=None, alternate_sign=False)
    counts: sparse.csr_matrix = vectorizer.transform(texts)
    return counts.sorted_indices()


def _weighted(counts: sparse.csr_matrix, weights: Floats) -> sparse.csr_matrix:
    data = np.sqrt(counts.data) * weights[counts.indices]
    lengths = np.ones(counts.shape[0])
    for row in range(counts.shape[0]):
        part = data[counts.indptr[row] : counts.indptr[row + 1]]
        if len(part):
            lengths[row] = np.sqrt((part * part).sum())
    data = data / np.repeat(lengths, np.diff(counts.indptr))
    return sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
