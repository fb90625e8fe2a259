"""A finished training inside the worker: the model itself and the rows it was judged on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.statistics.arrays import Codes
from shopfloor.training.records import TrainResult


@dataclass(frozen=True)
class Trained:
    """`train` and `holdout` are the raw rows (all columns of the dataset), `predictions` the
    output of `model.predict_frame(holdout)`, with the same index as `holdout`. `truth` is the
    target of the holdout rows, as class labels (text) or numbers. `unlabelled` are the positions of
    the rows read that have no target."""

    model: FittedModel | FittedFamily
    train: pd.DataFrame
    holdout: pd.DataFrame
    predictions: pd.DataFrame
    truth: pd.Series
    unlabelled: Codes
    record: TrainResult
