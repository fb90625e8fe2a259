"""From what a model says to what is served: the one place that decides, whichever way a row came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopfloor.artifacts.fitted import PREDICTION
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Humility, HumilityAction
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.labels import label_of
from shopfloor.lake.inference_parts import PROBABILITY, column_array
from shopfloor.serving.input_limits import NO_LIMITS, InputLimits, input_limits
from shopfloor.statistics.arrays import Floats, Mask

if TYPE_CHECKING:
    import pyarrow as pa

OUT_OF_RANGE, UNSEEN, UNCERTAIN = "out_of_range", "unseen", "uncertain"
_JOINED = "; "


class Served(NamedTuple):
    """What is served, (n,), and for each row why the model was not trusted, None where it was."""

    predictions: list[Any]
    humility: list[str | None]


class DecisionRule(NamedTuple):
    """How the predictions of a deployment are decided.

    With a `threshold` a row is positive from this probability on; without one, and for other targets than two classes,
    the model's own answer is served. `classes` are the model's, the negative one first. Where `humility` says so, rows
    outside the `limits` of training, or whose probability is uncertain, are overridden or refused.
    """

    classes: tuple[str, ...] = ()
    threshold: float | None = None
    humility: Humility | None = None
    limits: InputLimits = NO_LIMITS
    columns: tuple[Column, ...] = ()

    @property
    def applied(self) -> float | None:
        """The threshold, where it decides anything."""
        return self.threshold if len(self.classes) == 2 else None

    def decide(self, predicted: Any, inputs: Mapping[str, pa.Array]) -> Served:
        """What is served of a frame or a mapping of the model's output columns, and of the inputs by name."""
        threshold, said = self.applied, np.asarray(predicted[PREDICTION], dtype=object)
        if threshold is not None:
            negative, positive = self.classes
            said = np.where(self._chance(predicted) >= threshold, positive, negative).astype(object)
        if self.humility is None:
            return Served(said.tolist(), [None] * len(said))
        return self._humble(self.humility, said, predicted, inputs)

    def decide_records(self, records: Sequence[dict[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Served:
        """The same of the model's answers to single rows."""
        if not records or (self.applied is None and self.humility is None):
            return Served([record[PREDICTION] for record in records], [None] * len(records))
        outputs = {name: [record[name] for record in records] for name in records[0]}
        watched = (column for column in self.columns if self.humility is not None and column.name in self.limits.names)
        inputs = {column.name: column_array([row.get(column.name) for row in rows], column) for column in watched}
        return self.decide(outputs, inputs)

    def _humble(self, humility: Humility, said: Any, predicted: Any, inputs: Mapping[str, pa.Array]) -> Served:
        """With what humility makes of it: a refusal is more than an override, an override more than a note."""
        reasons = np.full(len(said), "", dtype=object)
        refused, overridden = np.zeros(len(said), dtype=bool), np.zeros(len(said), dtype=bool)
        for reason, action, rows in self._triggers(humility, predicted, inputs):
            reasons[rows] = [f"{each}{_JOINED}{reason}" if each else reason for each in reasons[rows]]
            refused |= rows if action is HumilityAction.REFUSE else False
            overridden |= rows if action is HumilityAction.OVERRIDE else False
        said = said.copy()
        said[overridden] = label_of(humility.override) if self.classes else humility.override
        said[refused] = None
        return Served(said.tolist(), [each or None for each in reasons])

    def _triggers(
        self, humility: Humility, predicted: Any, inputs: Mapping[str, pa.Array]
    ) -> Iterable[tuple[str, HumilityAction, Mask]]:
        if humility.out_of_range is not None:
            for name, rows in self.limits.out_of_range(inputs):
                yield f"{OUT_OF_RANGE}: {name}", humility.out_of_range, rows
        if humility.unseen is not None:
            for name, rows in self.limits.unseen(inputs):
                yield f"{UNSEEN}: {name}", humility.unseen, rows
        if humility.uncertain is not None and len(self.classes) == 2:
            low, high = humility.band
            chance = self._chance(predicted)
            yield UNCERTAIN, humility.uncertain, (chance >= low) & (chance <= high)

    def _chance(self, predicted: Any) -> Floats:
        return np.asarray(predicted[f"{PROBABILITY}{self.classes[-1]}"], dtype=np.float64)


def rule_of(model: Any, artifact: ArtifactFile, threshold: float | None, humility: Humility | None) -> DecisionRule:
    """The rule by which a fitted model is served."""
    limits = NO_LIMITS if humility is None else input_limits(artifact)
    return DecisionRule(tuple(model.classes), threshold, humility, limits, tuple(model.columns))


def triggers(humility: str | None) -> list[str]:
    """The kinds of triggers that a row's humility names."""
    return sorted({part.partition(":")[0] for part in humility.split(_JOINED)}) if humility else []
