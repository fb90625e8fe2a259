"""The table encoder: mixed columns to one matrix of numbers, the same for batches and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from shopfloor.artifacts.blocks.block import Block, EncodingTarget, Style
from shopfloor.artifacts.blocks.calendar import date_blocks
from shopfloor.artifacts.blocks.category import category_block
from shopfloor.artifacts.blocks.means import means_block
from shopfloor.artifacts.blocks.number import number_block
from shopfloor.artifacts.blocks.text import is_text, text_block
from shopfloor.artifacts.matrix import empty_matrix
from shopfloor.artifacts.stored import Fields, register
from shopfloor.artifacts.table import Categorical, Floats, Table, infer_columns, parse
from shopfloor.domain.columns import Column, ColumnType

FOLDS = 5


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from a frame, an array or a parsed `Table` to a float64 matrix.

    The columns of a frame are found by name, and those that it lacks in `transform` count as missing. Columns
    without names (an array, a list of lists) are found by place, and their number is that of `fit`.

    Parameters: `columns` are the features with their pinned types (None: taken from the dtypes);
    `style` is `trees` (NaN and category codes kept) or `dense` (imputed, scaled, expanded);
    `order` names the time column that orders rows; columns with at most `low` levels are
    categories, above that they become target means (or level shares when fitted without `y`).
    `y` holds numbers (float) for regression, else classes.

    Fitted: `columns_`; `blocks_`, the list of blocks in output order; `n_features_in_`, and `feature_names_in_`
    where the columns had names.
    """

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        style: Style = "trees",
        order: str | None = None,
        low: int = 40,
        seed: int = 0,
    ) -> None:
        self.columns = columns
        self.style = style
        self.order = order
        self.low = low
        self.seed = seed

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: ArrayLike | pd.DataFrame | Table, y: ArrayLike | None = None) -> TableEncoder:
        """Learn levels, scales and means from the rows of `X`."""
        table = self._open(X)
        self._fit(table, self._target(y, table.rows))
        return self

    def fit_transform(
        self,
        X: ArrayLike | pd.DataFrame | Table,
        y: ArrayLike | None = None,
        folds: NDArray[np.intp] | None = None,
        **_: Any,
    ) -> Floats:
        """Fit, and encode the training rows with cross-fitted target means.

        `folds` gives each row its fold; without it rows are dealt at random.
        """
        table = self._open(X)
        target = self._target(y, table.rows, folds)
        self._fit(table, target)
        out = self._matrix(table.rows)
        for block, span in zip(self.blocks_, self.spans(), strict=True):
            block.fill_training(table, target, out[:, span])
        return out

    def transform(self, X: ArrayLike | pd.DataFrame | Table) -> Floats:
        """Encode rows; shape (rows, outputs)."""
        check_is_fitted(self)
        table = X if isinstance(X, Table) else parse(self._frame(X, self.columns_), self.columns_)
        out = self._matrix(table.rows)
        for block, span in zip(self.blocks_, self.spans(), strict=True):
            block.fill(table, out[:, span])
        return out

    def encode_row(self, values: Mapping[str, Any]) -> Floats:
        """Encode one row of raw values; shape (outputs,). Equal to `transform` bit for bit."""
        out: list[float] = []
        for block in self.blocks_:
            block.row(values, out)
        return np.array(out)

    def get_feature_names_out(self, input_features: Iterable[str] | None = None) -> NDArray[np.object_]:
        """Names of the output columns; `input_features` gives names to columns that had none."""
        check_is_fitted(self)
        names = [column.name for column in self.columns_]
        given = names if input_features is None else list(input_features)
        if given != names and hasattr(self, "feature_names_in_"):
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(given) != len(names):
            raise ValueError(f"input_features should have length equal to {len(names)}, got {len(given)}")
        stems = dict(zip(names, given, strict=True))
        found = [stems[b.feature] + name.removeprefix(b.feature) for b in self.blocks_ for name in b.names]
        return np.array(found, dtype=object)

    def spans(self) -> list[slice]:
        """The output columns of each block."""
        ends = accumulate((block.width for block in self.blocks_), initial=0)
        return [slice(start, end) for start, end in pairwise(ends)]

    def categorical(self) -> list[int]:
        """Output columns that hold category codes."""
        pairs = zip(self.blocks_, self.spans(), strict=True)
        return [span.start for block, span in pairs if block.categorical]

    def inputs(self) -> dict[str, str]:
        """The columns that are read at all, each with its kind."""
        check_is_fitted(self)
        kinds = {name: block.kind for block in self.blocks_ for name in block.inputs}
        return {**kinds, **{block.feature: block.kind for block in self.blocks_}}

    def features_of(self) -> dict[str, list[slice]]:
        """The output columns of each feature that has any."""
        found: dict[str, list[slice]] = {}
        for block, span in zip(self.blocks_, self.spans(), strict=True):
            found.setdefault(block.feature, []).append(span)
        return found

    def _open(self, X: ArrayLike | pd.DataFrame | Table) -> Table:
        if isinstance(X, Table):
            if self.columns is None:
                raise TypeError("a parsed table comes without types: give `columns`")
            self.columns_ = tuple(self.columns)
            self._named()
            return X
        frame = self._frame(X)
        self.columns_ = tuple(self.columns or infer_columns(frame.infer_objects()))
        if _has_names(X):
            self._named()
        return parse(frame, self.columns_)

    def _frame(self, X: ArrayLike | pd.DataFrame, columns: Sequence[Column] | None = None) -> pd.DataFrame:
        """A frame with named columns: those of `X` itself, else `columns` (None: those of `fit`) by their places."""
        if isinstance(X, pd.DataFrame) and _has_names(X):
            return X
        plain = {"skip_check_array": True} if isinstance(X, pd.DataFrame) else {"dtype": None}
        values = validate_data(self, X, reset=columns is None, ensure_all_finite=False, **plain)
        places = range(values.shape[1])
        named = columns or self.columns
        names = [column.name for column in named] if named else [f"x{place}" for place in places]
        if len(names) != len(places):
            raise ValueError(f"X has {len(places)} features, but `columns` has {len(names)}")
        frame = values if isinstance(X, pd.DataFrame) else pd.DataFrame(values, copy=False)
        return frame.set_axis(names, axis=1)

    def _named(self) -> None:
        self.feature_names_in_ = np.array([column.name for column in self.columns_], dtype=object)

    def _target(self, y: ArrayLike | None, rows: int, folds: NDArray[np.intp] | None = None) -> EncodingTarget:
        if folds is None:
            folds = np.arange(rows) % FOLDS
            np.random.default_rng(self.seed).shuffle(folds)
        if y is None:
            return EncodingTarget(np.zeros((rows, 0)), folds)
        values = np.asarray(y)
        if values.dtype.kind == "f":
            return EncodingTarget(values.astype(np.float64).reshape(-1, 1), folds)
        classes, codes = np.unique(values, return_inverse=True)
        outputs = range(1, 2) if len(classes) == 2 else range(len(classes))
        return EncodingTarget(np.column_stack([codes == k for k in outputs]).astype(np.float64), folds)

    def _fit(self, table: Table, target: EncodingTarget) -> None:
        blocks: list[Block] = []
        for column in self.columns_:
            blocks += self._blocks(column, table, target)
        self._learnt(blocks)

    def _learnt(self, blocks: list[Block]) -> None:
        self.blocks_ = blocks
        self.n_features_in_ = len(self.columns_)

    def _blocks(self, column: Column, table: Table, target: EncodingTarget) -> list[Block]:
        if column.type.temporal:
            return date_blocks(column.name, table, self.style, self.order)
        if column.type is ColumnType.TEXT:
            block = self._text_block(column.name, table.factor(column.name), target)
        else:
            kind = "boolean" if column.type is ColumnType.BOOLEAN else "number"
            block = number_block(column.name, kind, table.numbers(column.name), self.style)
        return [] if block is None else [block]

    def _text_block(self, name: str, factor: Categorical, target: EncodingTarget) -> Block | None:
        levels = len(np.unique(factor.codes[factor.codes >= 0]))
        if levels <= self.low:
            return category_block(name, factor, self.style)
        if is_text(factor):
            return text_block(name, factor, self.style, self.seed)
        if target.values.shape[1] == 0:
            return None
        return means_block(name, factor, target, self.style)

    def _matrix(self, rows: int) -> Floats:
        return empty_matrix(rows, sum(block.width for block in self.blocks_))


def _has_names(X: object) -> bool:
    """As scikit-learn sees it: names are texts, others are places."""
    return isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns)


def _fields(encoder: TableEncoder) -> Fields:
    """Parameters; what was learnt, if anything was; and what scikit-learn itself keeps (such as `set_output`)."""
    learnt: Fields | None = None
    if hasattr(encoder, "blocks_"):
        learnt = {"columns": encoder.columns_, "blocks": encoder.blocks_}
        if not hasattr(encoder, "feature_names_in_"):
            learnt["named"] = False
    kept = {name: value for name, value in vars(encoder).items() if name.startswith("_")}
    return {"params": encoder.get_params(deep=False), "learnt": learnt, "kept": kept}


def _made(params: Fields, learnt: Fields | None, kept: Fields) -> TableEncoder:
    encoder = TableEncoder(**params)
    encoder.__dict__.update(kept)
    if learnt is not None:
        encoder.columns_ = learnt["columns"]
        encoder._learnt(learnt["blocks"])
        if learnt.get("named", True):
            encoder._named()
    return encoder


register(TableEncoder, "table_encoder", _fields, _made)
