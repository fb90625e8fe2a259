"""A model family: one fitted model a segment, and a pooled one for the rest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shopfloor.artifacts.fitted import SEGMENT, FittedModel, check_columns, columns_of
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.artifacts.pickling import from_bytes
from shopfloor.artifacts.segments import segment_of, segments_of
from shopfloor.artifacts.stored import stored
from shopfloor.artifacts.table import Floats, parse
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Task

_OPEN_MEMBERS = 256


@stored("family", "segment_by", "members", "pooled", "features")
class FittedFamily:
    """The members of a family by segment; a row of any other segment gets the pooled model.

    Members are kept as bytes and loaded at the first prediction, so a family of a thousand loads fast.
    Same interface as `FittedModel`, with one more output: `segment`. `features` are those of all
    members (None: those of the pooled model).
    """

    def __init__(
        self,
        *,
        segment_by: Sequence[str],
        members: Mapping[str, bytes],
        pooled: FittedModel,
        features: Sequence[FeatureField] | None = None,
    ) -> None:
        self.segment_by = list(segment_by)
        self.features = list(pooled.features if features is None else features)
        self.members = {segment: members[segment] for segment in sorted(members)}
        self.pooled = pooled
        self._open: OrderedDict[str, FittedModel] = OrderedDict()

    @property
    def name(self) -> str:
        """The model's name."""
        return self.pooled.name

    @property
    def task(self) -> Task:
        """The task of all members."""
        return self.pooled.task

    @property
    def classes(self) -> list[str]:
        """The class labels of all members."""
        return self.pooled.classes

    @property
    def columns(self) -> tuple[Column, ...]:
        """The features as typed columns."""
        return columns_of(self.features)

    @property
    def outputs(self) -> list[str]:
        """Names of the columns that `predict_frame` gives."""
        return [SEGMENT, *self.pooled.outputs]

    def member(self, segment: str) -> FittedModel:
        """The model that serves `segment`: its own, else the pooled one."""
        if segment not in self.members:
            return self.pooled
        model = self._open.get(segment)
        if model is None:
            model = from_bytes(self.members[segment])
            assert isinstance(model, FittedModel)
            self._open[segment] = model
            if len(self._open) > _OPEN_MEMBERS:
                self._open.popitem(last=False)
        return model

    def check_frame(self, columns: Iterable[str]) -> tuple[str, ...]:
        """As `FittedModel.check_frame`; the segment's columns are needed too."""
        wanted = list(dict.fromkeys([*self.segment_by, *(f.name for f in self.features)]))
        return check_columns(self.name, wanted, columns)

    def check_row(self, values: Mapping[str, Any]) -> None:
        """As `FittedModel.check_row`; the segment's fields are needed too."""
        check_columns(self.name, self.segment_by, values)
        self.pooled.check_row(values)

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """As `FittedModel.predict_frame`, with the column `segment` first."""
        self.check_frame(map(str, frame.columns))
        return self.predict_segments(frame, segments_of(frame, self.segment_by))

    def predict_segments(self, frame: pd.DataFrame, segments: Any) -> pd.DataFrame:
        """The same for rows whose segments, (rows,), are known: the columns that name them may be absent."""
        table = parse(frame, self.columns)
        predicted = self.pooled.frame_of(self.scores(table, segments), frame.index)
        predicted.insert(0, SEGMENT, segments)
        return predicted

    def predict_row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """As `FittedModel.predict_row`, with the field `segment` first."""
        self.check_row(values)
        segment = segment_of(values, self.segment_by)
        return {SEGMENT: segment, **self.member(segment).predict_row(values)}

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Many single rows in one call; the rows of a segment go to its model together."""
        places: dict[str, list[int]] = {}
        for place, values in enumerate(rows):
            self.check_row(values)
            places.setdefault(segment_of(values, self.segment_by), []).append(place)
        found: list[dict[str, Any]] = [{}] * len(rows)
        for segment, group in places.items():
            predictions = self.member(segment).predict_rows([rows[place] for place in group])
            for place, prediction in zip(group, predictions, strict=True):
                found[place] = {SEGMENT: segment, **prediction}
        return found

    def scores(self, table: Any, segments: Any) -> Floats:
        """Scores of the rows of `table`, each by the model of its segment."""
        codes, names = pd.factorize(segments)
        out = np.empty((table.rows, max(1, len(self.classes))))
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
        for place, name in enumerate(names):
            rows = order[ends[place] : ends[place + 1]]
            out[rows] = self.member(str(name)).scores(table.take(rows))
        return out
