"""A finished training inside the worker: the model itself and the rows that its recipe was judged on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.statistics.arrays import Codes
from shopfloor.statistics.paired import Comparison
from shopfloor.training.records import TrainResult


@dataclass(frozen=True)
class Trained:
    """`rows` are the raw rows (all columns of the dataset) that `model` learned, `holdout` those that its recipe was
    judged on, in blocks (`block` numbers that of each from 0): `predictions` is what fits said that had not seen them,
    with the same index, and the columns of `model.predict_frame`. `truth` is their target, as class labels (text) or
    numbers. `unlabelled` are the positions of the rows read that have no target.

    `incumbent` is what fits of the champion's recipe, where that is another one, said of the same rows, and `instead`
    makes that recipe's own training, for where it stays. `refreshes` says that it is the champion's; `fresher` then
    compares each block's fit with that of the block before it (None where there are too few blocks).
    """

    model: FittedModel | FittedFamily
    rows: pd.DataFrame
    holdout: pd.DataFrame
    block: Codes
    predictions: pd.DataFrame
    truth: pd.Series
    unlabelled: Codes
    record: TrainResult
    incumbent: pd.DataFrame | None = None
    refreshes: bool = False
    fresher: Comparison | None = None
    instead: Callable[[], Trained] | None = None
