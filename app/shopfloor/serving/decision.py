"""From what a model says to what is served: the one place that decides, whichever way a row came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shopfloor.artifacts.fitted import PREDICTION
from shopfloor.lake.inference_parts import PROBABILITY


class DecisionRule(NamedTuple):
    """How the predictions of a deployment are decided.

    With a `threshold` a row is positive from this probability on; without one, and for other targets than two classes,
    the model's own answer is served. `classes` are the model's, the negative one first.
    """

    classes: tuple[str, ...] = ()
    threshold: float | None = None

    @property
    def applied(self) -> float | None:
        """The threshold, where it decides anything."""
        return self.threshold if len(self.classes) == 2 else None

    def decide(self, predicted: Any) -> Any:
        """What is served, (n,), of a frame or a mapping of the model's output columns."""
        threshold = self.applied
        if threshold is None:
            return predicted[PREDICTION]
        negative, positive = self.classes
        chance = np.asarray(predicted[f"{PROBABILITY}{positive}"], dtype=np.float64)
        return np.where(chance >= threshold, positive, negative).astype(object)

    def decide_records(self, records: Sequence[dict[str, Any]]) -> list[Any]:
        """The same of the model's answers to single rows."""
        if self.applied is None:
            return [record[PREDICTION] for record in records]
        name = f"{PROBABILITY}{self.classes[-1]}"
        served: list[Any] = self.decide({name: [record[name] for record in records]}).tolist()
        return served


def rule_of(model: Any, threshold: float | None) -> DecisionRule:
    """The rule by which a fitted model is served."""
    return DecisionRule(tuple(model.classes), threshold)
