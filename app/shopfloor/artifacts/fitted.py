"""A fitted model: raw rows in, predictions out, the same numbers for one row and for a million."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.frames import from_rows, to_frame
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.recipe_code import module_of
from shopfloor.artifacts.scorers import EstimatorScorer, Scorer, scorer_for
from shopfloor.artifacts.stored import Fields, register
from shopfloor.artifacts.table import Floats, Table, parse
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.domain.text import listed

PREDICTION = "prediction"
SEGMENT = "segment"


class FittedModel:
    """An encoder, an estimator and what their numbers mean.

    `classes` are labels in the order of the probability columns (for a binary task the negative
    one first), empty for regression. `encoder` is None for a recipe that takes the plain frame;
    `recipe` then holds its file name and source. `name` is the model's: two models never share an
    artifact.
    """

    def __init__(
        self,
        *,
        name: str,
        task: Task,
        classes: Sequence[str],
        features: Sequence[FeatureField],
        encoder: TableEncoder | None,
        estimator: Any,
        recipe: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.task = task
        self.classes = list(classes)
        self.features = list(features)
        self.encoder = encoder
        self.estimator = estimator
        self.recipe = recipe
        self._scorer: Scorer | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the earlier layout, in which the class itself was pickled."""
        self.__dict__.update(vars(_made(**{name: state[name] for name in _FIELDS})))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The features as typed columns."""
        return columns_of(self.features)

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that `predict_frame` gives."""
        return [PREDICTION, *(f"probability_{label}" for label in self.classes)]

    @property
    def scorer(self) -> Scorer:
        """The estimator as a scorer, made on first use."""
        if self._scorer is None:
            fast = scorer_for if self.encoder is not None else EstimatorScorer  # frames need the estimator itself
            self._scorer = fast(self.estimator, len(self.classes))
        return self._scorer

    def check_frame(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The columns that are no features (they are ignored). Raises `DataError` for missing ones."""
        return check_columns(self.name, [f.name for f in self.features], columns)

    def check_row(self, values: Mapping[str, Any]) -> None:
        """Raise `DataError` when a field is absent that never was missing in training."""
        absent = [f.name for f in self.features if f.name not in values and not f.nullable]
        if absent:
            raise missing_error(self.name, absent)

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One row a row of `frame`: `prediction`, and `probability_<class>` for classes.

        Raises `DataError` for a missing column or a value of the wrong type.
        """
        self.check_frame(map(str, frame.columns))
        return self.frame_of(self.scores(parse(frame, self.columns)), frame.index)

    def predict_row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same for one row of raw values, without pandas on the way.

        Absent fields count as missing where the model has seen missing values.
        """
        self.check_row(values)
        if self.encoder is None:
            return self.record_of(self.scores(from_rows([values], self.columns))[0].tolist())
        return self.record_of(self.scorer.row(self.encoder.encode_row(values)))

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Many single rows in one call (a micro-batch)."""
        for values in rows:
            self.check_row(values)
        if not rows:
            return []
        if self.encoder is None:
            scores = self.scores(from_rows(rows, self.columns))
        else:
            encode = self.encoder.encode_row
            scores = self.scorer.batch(np.array([encode(values) for values in rows]))
        return [self.record_of(score) for score in scores.tolist()]

    def scores(self, table: Table) -> Floats:
        """Probabilities (rows, classes), or predicted numbers (rows, 1)."""
        if self.encoder is None:
            return self.scorer.batch(to_frame(table, self.columns))
        return self.scorer.batch(self.encoder.transform(table))

    def frame_of(self, scores: Floats, index: pd.Index[Any] | None = None) -> pd.DataFrame:
        """Scores as prediction columns."""
        if not self.classes:
            return pd.DataFrame({PREDICTION: scores[:, 0]}, index=index)
        labels = np.array(self.classes, dtype=object)[scores.argmax(axis=1)]
        columns: dict[str, Any] = {PREDICTION: labels}
        for place, label in enumerate(self.classes):
            columns[f"probability_{label}"] = scores[:, place]
        return pd.DataFrame(columns, index=index)

    def record_of(self, scores: list[float]) -> dict[str, Any]:
        """Scores of one row as prediction fields."""
        if not self.classes:
            return {PREDICTION: scores[0]}
        record: dict[str, Any] = {PREDICTION: self.classes[scores.index(max(scores))]}
        for label, probability in zip(self.classes, scores, strict=True):
            record[f"probability_{label}"] = probability
        return record


_FIELDS = ("name", "task", "classes", "features", "encoder", "estimator", "recipe")


def _fields(model: FittedModel) -> Fields:
    fields = {name: getattr(model, name) for name in _FIELDS}
    if model.recipe is not None:  # its classes exist only once the recipe's code has run
        fields["estimator"] = to_bytes(model.estimator)
    return fields


def _made(**fields: Any) -> FittedModel:
    if fields["recipe"] is not None:
        file, source = fields["recipe"]
        module_of(source, file)
        fields["estimator"] = from_bytes(fields["estimator"])
    return FittedModel(**fields)


register(FittedModel, "model", _fields, _made)


def columns_of(features: Iterable[FeatureField]) -> tuple[Column, ...]:
    """Features as typed columns."""
    return tuple(
        Column(name=f.name, type=f.type, nullable=f.nullable, optional=f.optional, format=f.format) for f in features
    )


def check_columns(model: str, wanted: Sequence[str], given: Iterable[str]) -> tuple[str, ...]:
    """The names of `given` that are not `wanted`; raises `DataError` naming those not given."""
    present = list(given)
    known = set(present)
    absent = [name for name in wanted if name not in known]
    if absent:
        raise missing_error(model, absent)
    features = set(wanted)
    return tuple(name for name in present if name not in features)


def missing_error(model: str, absent: Sequence[str]) -> DataError:
    """The error for absent columns."""
    word = "column" if len(absent) == 1 else "columns"
    return DataError(
        f"Model {model} needs the {word} {listed(absent, 8)}, which the data do not have.",
        hint="Give every column that the model was trained with.",
        code="missing_column",
    )
