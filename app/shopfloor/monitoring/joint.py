"""How columns hang together: a domain classifier that sees combinations, and nothing of the columns by themselves.

Two samples differ as far as a classifier, asked of rows that it has not learned, tells which one a row is from
(Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests", ICLR; Rabanser et al. 2019, "Failing loudly",
NeurIPS). Each column is ranked within its own sample, so that what moved by itself is equal on both sides; what is left
are products of two columns. The classifier is that of nearest shrunken centroids (Tibshirani et al. 2002, PNAS
99:6567), which keeps the pairs that tell the samples apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from shopfloor.domain.numbers import significant
from shopfloor.monitoring.bins import CLOCK, NUMBER, bin_values, read_values
from shopfloor.monitoring.chunks import Chunked
from shopfloor.monitoring.records import FeatureReference, JointReference
from shopfloor.statistics.arrays import Codes, Floats, Mask, evenly
from shopfloor.statistics.auc import area, midranks

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 2_000
_MOST_COLUMNS = 24
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
_RANKS = len(_ALPHABET) - 1
_LEVELS = 3
_FOLDS = 5
_SHRINK = 2.5
_RARE = 0.05
_FEWEST = 100
_STRETCHES = 8

RankedColumns = Mapping[str, Codes]
"""Of each column by name, its ranks in the sample (or the numbers of its levels) from 1 on, 0 is missing; (n,) each."""


@dataclass(frozen=True)
class Told:
    """The area under the ROC curve of the classifier on rows that it has not learned, its standard error where the
    samples are of one kind, and the pairs of columns by which it tells them apart, the weightiest first.

    The error is that of one fold: the folds share what they learn from, so that their mean may vary as much.
    """

    area: float
    error: float
    pairs: tuple[tuple[str, str], ...]

    @property
    def p_value(self) -> float:
        """One-sided."""
        return float(special.ndtr(-(self.area - 0.5) / self.error)) if self.error > 0 else 1.0


def describe_joint(frame: pd.DataFrame, features: Sequence[FeatureReference], chunked: Chunked) -> JointReference:
    """Some rows of the reference, evenly spaced, as ranks; and how much its own stretches of time differ."""
    order = np.argsort(chunked.codes, kind="stable") if chunked.by != "random" else np.arange(len(frame))
    places = order[evenly(len(frame), MOST_ROWS)]
    ranked = rank_columns(frame.iloc[places], joined(features))
    usual = _usual(ranked, chunked.codes[places], features) if chunked.by != "random" else ()
    packed = {name: "".join(_ALPHABET[code] for code in codes) for name, codes in ranked.items()}
    return JointReference(rows=len(places), columns=packed, usual=usual)


def ranks_of(joint: JointReference) -> RankedColumns:
    """The rows of the reference."""
    table = np.zeros(128, dtype=np.intp)
    table[[ord(char) for char in _ALPHABET]] = np.arange(len(_ALPHABET))
    return {name: table[np.frombuffer(text.encode(), dtype=np.uint8)] for name, text in joint.columns.items()}


def joined(features: Sequence[FeatureReference]) -> list[FeatureReference]:
    """The features that are looked at together: the most important, none that time moves on."""
    usable = [one for one in features if one.used and (one.bins.kind == NUMBER or _named(one)) and not one.constant]
    return sorted(usable, key=lambda one: -(one.importance or 0.0))[:_MOST_COLUMNS]


def rank_columns(frame: pd.DataFrame, features: Sequence[FeatureReference]) -> RankedColumns:
    """The features of a sample as ranks within it; what is not there is missing."""
    return {feature.name: _ranks(frame, feature) for feature in features}


def tell_apart(before: RankedColumns, now: RankedColumns, features: Sequence[FeatureReference]) -> Told | None:
    """How well combinations tell two samples apart; None where fewer than two columns vary in both."""
    numbers = {feature.name for feature in features if feature.bins.kind == NUMBER}
    names = sorted(name for name in before if name in now)  # stored ones come back in an order of their own
    sides = [_scores({name: side[name] for name in names}, numbers) for side in (before, now)]
    owners = [name for name in names for _ in range(1 if name in numbers else _LEVELS)]
    varying = np.flatnonzero((sides[0].std(axis=0) > 0) & (sides[1].std(axis=0) > 0))
    left, right = (varying[one] for one in np.triu_indices(len(varying), 1))
    of_two = np.array(owners, dtype=object)[left] != np.array(owners, dtype=object)[right]
    left, right = left[of_two], right[of_two]
    if not len(left):
        return None
    products = np.concatenate([side[:, left] * side[:, right] for side in sides])
    is_new = np.repeat([False, True], [len(side) for side in sides])
    fold = np.concatenate([_folds({name: side[name] for name in names}) for side in (before, now)])
    found = [_fold(products, is_new, fold == one) for one in range(_FOLDS)]
    variance = float(np.mean([one[1] for one in found]))
    weights = np.abs(np.mean([one[2] for one in found], axis=0))
    best = [place for place in np.argsort(-weights, kind="stable") if weights[place] > 0]
    named = dict.fromkeys((owners[left[place]], owners[right[place]]) for place in best)
    return Told(float(np.mean([one[0] for one in found])), float(np.sqrt(variance)), tuple(named))


def _folds(ranked: RankedColumns) -> Codes:
    """The fold of each row, (n,), whatever the order in which rows came."""
    order = np.lexsort(list(ranked.values()))
    found = np.empty(len(order), dtype=np.intp)
    found[order] = np.arange(len(order)) % _FOLDS
    return found


def _fold(products: Floats, is_new: Mask, held: Mask) -> tuple[float, float, Floats]:
    """The area on the rows `held` out, its variance where nothing differs, and the weight of each product."""
    sides = [products[~held & (is_new == one)] for one in (False, True)]
    error = np.sqrt(sum(side.var(axis=0) / len(side) for side in sides)) + 1e-12
    clear = (sides[1].mean(axis=0) - sides[0].mean(axis=0)) / error
    weights = np.sign(clear) * np.maximum(np.abs(clear) - _SHRINK, 0.0)
    new, rows = int(is_new[held].sum()), int(held.sum())
    variance = (rows + 1) / (12 * max(new, 1) * max(rows - new, 1))
    found = area(products[held] @ weights, is_new[held]) if weights.any() else 0.5
    return found if np.isfinite(found) else 0.5, variance, weights


def _usual(ranked: RankedColumns, codes: Codes, features: Sequence[FeatureReference]) -> tuple[float, ...]:
    """The area for each stretch of the reference against the rest."""
    chunks = [chunk for chunk in np.unique(codes[codes >= 0]) if (codes == chunk).sum() >= _FEWEST][-_STRETCHES:]
    if len(chunks) < 2:
        return ()
    found = [tell_apart(_only(ranked, codes != one), _only(ranked, codes == one), features) for one in chunks]
    return tuple(significant(one.area) for one in found if one is not None)


def _only(ranked: RankedColumns, rows: Mask) -> RankedColumns:
    return {name: ranks[rows] for name, ranks in ranked.items()}


def _ranks(frame: pd.DataFrame, feature: FeatureReference) -> Codes:
    values = read_values(frame[feature.name], feature) if feature.name in frame else None
    found = np.zeros(len(frame), dtype=np.intp)
    if values is None:
        return found
    binned = bin_values(values, feature.bins)
    if feature.bins.kind != NUMBER or binned.numbers is None:
        return np.where(binned.codes >= 0, np.minimum(binned.codes, _named(feature)) + 1, 0)
    present = np.isfinite(binned.numbers)
    share = (midranks(binned.numbers[present]) - 0.5) / max(int(present.sum()), 1)
    found[present] = (share * _RANKS).astype(np.intp) + 1
    return found


def _named(feature: FeatureReference) -> int:
    """How many levels are looked at; of columns in which each level is rare, none."""
    return 0 if feature.bins.kind == CLOCK else min(_LEVELS, len(feature.bins.levels))


def _scores(ranked: RankedColumns, numbers: set[str]) -> Floats:
    """A normal score for each number, an indicator for each of the commonest levels: mean 0, variance 1 or 0."""
    found = []
    for name, ranks in ranked.items():
        present = ranks > 0
        if name in numbers:
            found.append(_standard(special.ndtri((np.maximum(ranks, 1) - 0.5) / _RANKS), present))
        else:
            found += [_indicator(ranks, level + 1) for level in range(_LEVELS)]
    return np.stack(found, axis=1) if found else np.zeros((0, 0))


def _indicator(ranks: Codes, code: int) -> Floats:
    """Nothing where too few or nearly all rows are of the level: a product with them would depend on how many."""
    present, own = ranks > 0, ranks == code
    share = float(own[present].mean()) if present.any() else 0.0
    return _standard(own.astype(np.float64), present) if _RARE <= share <= 1 - _RARE else np.zeros(len(ranks))


def _standard(values: Floats, present: Mask) -> Floats:
    known = values[present]
    spread = float(known.std()) if len(known) else 0.0
    return np.where(present, (values - known.mean()) / spread, 0.0) if spread > 1e-9 else np.zeros(len(values))
