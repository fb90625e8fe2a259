"""A candidate: one way to fit a model that a definition can name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.blocks.block import Style
from shopfloor.artifacts.encoder import FOLDS, TableEncoder
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.table import Table
from shopfloor.domain.columns import Column
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError
from shopfloor.training.feature_fields import feature_fields

VALIDATION_SHARE = 0.1
"""The share of training rows that stop boosting early and judge a search."""


@dataclass(frozen=True)
class FitJob:
    """The rows to fit on and what is known about them.

    `values` are class codes or numbers. `late` ranks the rows by time (or by a hash that equal
    rows share); `order` names the time column; `params` overrides a candidate's parameters.
    """

    name: str
    task: Task
    classes: Sequence[str]
    columns: tuple[Column, ...]
    train: Table
    values: NDArray[Any]
    late: NDArray[np.float64]
    order: str | None
    seed: int
    threads: int = 1
    workspace: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    def latest(self, share: float) -> NDArray[np.bool_]:
        """Marks the latest `share` of the rows, which judge what the others teach."""
        return self._places() >= (1.0 - share) * self.train.rows

    def folds(self) -> NDArray[np.intp]:
        """Each row's fold for cross-fitting: stretches of time (or of the hash), because rows
        next to each other tell each other's outcome, and copies of a row even more."""
        return self._places() * FOLDS // max(1, self.train.rows)

    def take(self, rows: NDArray[Any] | slice) -> FitJob:
        """The job with only some of its rows (positions, a mask or a slice)."""
        return replace(self, train=self.train.take(rows), values=self.values[rows], late=self.late[rows])

    def _places(self) -> NDArray[np.intp]:
        """Ranks from 0; equal rows share the lowest."""
        return np.searchsorted(np.sort(self.late), self.late)


@dataclass(frozen=True)
class Fit:
    """A fitted candidate with its parameters and what it cost, in seconds."""

    model: FittedModel
    params: dict[str, Any]
    encode_seconds: float
    fit_seconds: float


class Candidate(Protocol):
    """A module of this package with a `CANDIDATE` is found by itself; `name` is what definitions say."""

    name: str

    def fit(self, job: FitJob) -> Fit:
        """Fit on all rows of `job`, with the parameters that `job.params` overrides."""
        ...

    def draw(self, rng: np.random.Generator, job: FitJob) -> dict[str, Any]:
        """Parameters for one trial of a search; an empty dictionary where there is nothing to search."""
        ...


def encode(job: FitJob, style: Style) -> tuple[TableEncoder, NDArray[np.float64], float]:
    """The encoder fitted on the job's rows, the rows encoded (rows, features), and the seconds it took.

    Raises `DataError` when no column varies.
    """
    started = time.perf_counter()
    encoder = TableEncoder(job.columns, style, order=job.order, seed=job.seed)
    encoded = encoder.fit_transform(job.train, job.values, folds=job.folds())
    if encoded.shape[1] == 0:
        raise DataError(
            "No column varies within the training rows.",
            hint="Check `features` and `exclude` of the definition, and the dataset's profile.",
            code="no_features",
        )
    return encoder, encoded, time.perf_counter() - started


def finished(
    job: FitJob,
    encoder: TableEncoder | None,
    estimator: Any,
    params: dict[str, Any],
    encode_seconds: float,
    started: float,
    recipe: tuple[str, str] | None = None,
) -> Fit:
    """The fitted `estimator` as a model; `started` is when its fit began, by the performance counter."""
    fit_seconds = time.perf_counter() - started
    model = FittedModel(
        name=job.name,
        task=job.task,
        classes=job.classes,
        features=feature_fields(job.columns, job.train, encoder),
        encoder=encoder,
        estimator=estimator,
        recipe=recipe,
    )
    return Fit(model, params, encode_seconds, fit_seconds)
