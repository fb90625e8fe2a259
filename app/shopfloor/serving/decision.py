"""From what a model says to what is served: the one place that decides, whichever way a row came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopfloor.artifacts.fitted import PREDICTION
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Humility, HumilityAction
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.humility import Trigger, joined
from shopfloor.domain.labels import label_of
from shopfloor.lake.inference_parts import PROBABILITY, column_array
from shopfloor.serving.input_limits import NO_LIMITS, InputLimits, input_limits
from shopfloor.statistics.arrays import Floats, Mask

if TYPE_CHECKING:
    import pyarrow as pa


_STRONGER = (HumilityAction.LOG, HumilityAction.OVERRIDE, HumilityAction.REFUSE)


class Served(NamedTuple):
    """What is served, (n,), and for each row why the model was not trusted and what was done about it, None where it
    was.
    """

    predictions: list[Any]
    humility: list[str | None]
    actions: list[str | None]


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
            return Served(said.tolist(), [None] * len(said), [None] * len(said))
        return self._humble(self.humility, said, predicted, inputs)

    def decide_records(self, records: Sequence[dict[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Served:
        """The same of the model's answers to single rows."""
        if not records or (self.applied is None and self.humility is None):
            nothing: list[str | None] = [None] * len(records)
            return Served([record[PREDICTION] for record in records], nothing, nothing)
        outputs = {name: [record[name] for record in records] for name in records[0]}
        watched = (column for column in self.columns if self.humility is not None and column.name in self.limits.names)
        inputs = {column.name: column_array([row.get(column.name) for row in rows], column) for column in watched}
        return self.decide(outputs, inputs)

    def _humble(self, humility: Humility, said: Any, predicted: Any, inputs: Mapping[str, pa.Array]) -> Served:
        """With what humility makes of it: a refusal is more than an override, an override more than a note."""
        reasons, done = np.full(len(said), "", dtype=object), np.full(len(said), -1)
        for reason, action, rows in self._triggers(humility, predicted, inputs):
            reasons[rows] = [joined([each, reason] if each else [reason]) for each in reasons[rows]]
            done[rows] = np.maximum(done[rows], _STRONGER.index(action))
        said = said.copy()
        said[done == _STRONGER.index(HumilityAction.OVERRIDE)] = (
            label_of(humility.override) if self.classes else humility.override
        )
        said[done == _STRONGER.index(HumilityAction.REFUSE)] = None
        actions = [None if each < 0 else _STRONGER[each].value for each in done.tolist()]
        return Served(said.tolist(), [each or None for each in reasons], actions)

    def _triggers(
        self, humility: Humility, predicted: Any, inputs: Mapping[str, pa.Array]
    ) -> Iterable[tuple[str, HumilityAction, Mask]]:
        if humility.out_of_range is not None:
            for name, rows in self.limits.out_of_range(inputs):
                yield f"{Trigger.OUT_OF_RANGE}: {name}", humility.out_of_range, rows
        if humility.unseen is not None:
            for name, rows in self.limits.unseen(inputs):
                yield f"{Trigger.UNSEEN}: {name}", humility.unseen, rows
        if humility.uncertain is not None and len(self.classes) == 2:
            low, high = humility.band
            chance = self._chance(predicted)
            yield Trigger.UNCERTAIN.value, humility.uncertain, (chance >= low) & (chance <= high)

    def _chance(self, predicted: Any) -> Floats:
        return np.asarray(predicted[f"{PROBABILITY}{self.classes[-1]}"], dtype=np.float64)


def rule_of(model: Any, artifact: ArtifactFile, threshold: float | None, humility: Humility | None) -> DecisionRule:
    """The rule by which a fitted model is served."""
    limits = NO_LIMITS if humility is None else input_limits(artifact)
    return DecisionRule(tuple(model.classes), threshold, humility, limits, tuple(model.columns))
