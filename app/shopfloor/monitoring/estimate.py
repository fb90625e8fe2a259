"""What the metric will be on rows without truth: by calibrated chances, or by a model of the errors.

Confidence-based performance estimation and direct loss estimation, as NannyML describes them ("How it works" of
nannyml.readthedocs.io; the first after Guillory et al. 2021, ICCV, and Garg et al. 2022, ICLR, the second in
`loss_model`): here truths are drawn, so that any metric can be estimated. Assumed is that what follows from the inputs
is as it was in the holdout, and that the holdout has rows like these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopfloor.domain.definition import Task
from shopfloor.monitoring.loss_model import likely_errors
from shopfloor.monitoring.records import Reference
from shopfloor.statistics import metrics
from shopfloor.statistics.arrays import Array, Floats, evenly
from shopfloor.statistics.calibration import Recalibration
from shopfloor.statistics.expected import expected_score
from shopfloor.statistics.jackknife import Estimate
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 10_000


def estimated_score(reference: Reference, said: Predictions, frame: pd.DataFrame | None) -> Estimate | None:
    """The metric of the holdout's score for sound predictions `said` and the rows `frame` that they are of.

    Its error is the standard deviation of what the truth may make of it; of very many rows it takes some, evenly
    spaced. None where it is undefined, or the reference does not say how sure the model may be.
    """
    if reference.performance is None or not len(said):
        return None
    if len(said) > MOST_ROWS:
        places = evenly(len(said), MOST_ROWS)
        said, frame = said.take(places), None if frame is None else frame.iloc[places]
    draw = _draw_of(reference, said, frame)
    return None if draw is None else expected_score(metrics.find(reference.performance.metric), said, draw)


def _draw_of(
    reference: Reference, said: Predictions, frame: pd.DataFrame | None
) -> _LikelyClasses | _LikelyNumbers | None:
    if said.task.classification:
        calibration = reference.calibration
        return None if said.probability is None or calibration is None else _LikelyClasses(said, calibration)
    if reference.losses is None or reference.prediction is None or frame is None:
        return None
    errors = likely_errors(reference.losses, reference.features, reference.prediction, frame, said)
    return _LikelyNumbers(said.predicted + errors[0], errors[1], np.array(reference.losses.shape))


@dataclass(frozen=True)
class _LikelyNumbers:
    middle: Floats
    spread: Floats
    shape: Floats

    def __call__(self, random: np.random.Generator) -> Array:
        return self.middle + self.spread * self.shape[random.integers(0, len(self.shape), len(self.middle))]


@dataclass(frozen=True)
class _LikelyClasses:
    """By calibrated chances; the calibration, which is known from so many rows only, is drawn as well."""

    said: Predictions
    calibration: Recalibration

    def __call__(self, random: np.random.Generator) -> Array:
        said, calibration = self.said, self.calibration.drawn(random)
        if said.task is Task.BINARY:
            happens = random.random(len(said)) < calibration.happens(said.chance())
            return np.where(happens, said.positive, 1 - said.positive)
        table = _calibrated(said.probabilities(), calibration)
        return np.asarray((table.cumsum(axis=1) > random.random((len(said), 1))).argmax(axis=1), dtype=np.intp)


def _calibrated(table: Floats, calibration: Recalibration) -> Floats:
    """With the calibrated chance of the likeliest class, and the others in their proportion, (n, classes)."""
    each, top = np.arange(len(table)), table.argmax(axis=1)
    chance = table[each, top]
    sure = calibration.happens(chance)
    found = table * ((1 - sure) / np.maximum(1 - chance, 1e-12))[:, None]
    found[each, top] = sure
    return np.asarray(found / found.sum(axis=1, keepdims=True))
