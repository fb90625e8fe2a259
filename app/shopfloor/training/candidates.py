"""Candidates: the ways to fit a model that a definition can name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from shopfloor.artifacts.blocks.block import Style
from shopfloor.artifacts.encoder import FOLDS, TableEncoder
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.frames import to_frame
from shopfloor.artifacts.manifest import FeatureField
from shopfloor.artifacts.table import NO_TIME, Table
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import ConfigError, DataError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.training import recipes

DUMMY = "dummy"
VALIDATION_SHARE = 0.1
"""The share of training rows that stop boosting early and judge a search."""
_LEVELS_SHOWN = 20
_MANY_ROWS = 50_000
_FEW_ROWS = 1_000
_WIDE = 400
_STRENGTH = 0.3
"""On flights 1.0 and 0.1 are as good for all rows, but segments of 100 rows need restraint."""


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


Fitter = Callable[[FitJob], Fit]


def check_candidates(names: Sequence[str]) -> None:
    """Raise `ConfigError` for a candidate that is neither built in nor a recipe."""
    if not names:
        raise ConfigError(
            "The definition names no candidates to train.",
            hint=f"Set training.candidates to some of: {', '.join(REGISTRY)}.",
            code="no_candidates",
        )
    for name in names:
        if name not in REGISTRY and not recipes.is_recipe(name):
            raise ConfigError(
                f"Candidate {safe(name, 80)!r} is unknown.",
                hint=did_you_mean(name, REGISTRY) + " A recipe is written recipes/FILE.py:FUNCTION.",
                code="candidate_unknown",
            )


def fit(name: str, job: FitJob) -> Fit:
    """Fit one candidate."""
    if name == DUMMY:
        return _fit_dummy(job)
    if recipes.is_recipe(name):
        return _fit_recipe(name, job)
    return REGISTRY[name](job)


def _fit_linear(job: FitJob) -> Fit:
    """Logistic or ridge regression on the dense encoding.

    With many more rows than columns Newton's method with a Cholesky factorisation needs a handful
    of passes where L-BFGS needs a hundred.
    """
    encoder, encoded, seconds = _encode(job, "dense")
    strength = float(job.params.get("C", _STRENGTH))
    estimator: Any
    if job.task is Task.REGRESSION:
        estimator = Ridge(alpha=1.0 / strength)
    else:
        narrow = encoded.shape[1] * max(1, len(job.classes) - 1) <= _WIDE
        solver = "newton-cholesky" if narrow else "lbfgs"
        estimator = LogisticRegression(C=strength, solver=solver, max_iter=200)
    started = time.perf_counter()
    estimator.fit(encoded, job.values)
    return _finished(job, encoder, estimator, {"C": strength}, seconds, started)


def _fit_boosting(job: FitJob) -> Fit:
    """Histogram gradient boosting, stopped early by the latest rows."""
    encoder, encoded, seconds = _encode(job, "trees")
    params = {**boosting_defaults(job.train.rows), **job.params}
    kind = HistGradientBoostingRegressor if job.task is Task.REGRESSION else HistGradientBoostingClassifier
    judged = _judges(job)
    estimator = kind(
        **params,
        max_iter=500 if judged is not None else 100,
        early_stopping=judged is not None,
        n_iter_no_change=10,
        categorical_features=encoder.categorical() or None,
        random_state=job.seed,
    )
    started = time.perf_counter()
    if judged is None:
        estimator.fit(encoded, job.values)
    else:
        estimator.fit(encoded[~judged], job.values[~judged], X_val=encoded[judged], y_val=job.values[judged])
    return _finished(job, encoder, estimator, {**params, "iterations": estimator.n_iter_}, seconds, started)


def boosting_defaults(rows: int) -> dict[str, Any]:
    """Small trees for small tables: on 30,000 rows of flights 15 leaves beat 31 by 0.004 AUC."""
    leaves = 15 if rows < _MANY_ROWS else 31
    return {"learning_rate": 0.07, "max_leaf_nodes": leaves, "min_samples_leaf": 20, "l2_regularization": 1.0}


def _judges(job: FitJob) -> NDArray[np.bool_] | None:
    """The rows for early stopping; None when there are too few, or classes would be missing."""
    inner = job.latest(VALIDATION_SHARE)
    if job.train.rows < _FEW_ROWS or inner.sum() < 50:
        return None
    if job.classes and len(np.unique(job.values[~inner])) < len(np.unique(job.values)):
        return None
    return inner


def _fit_dummy(job: FitJob) -> Fit:
    """The baseline that looks at no feature: class shares, or the mean."""
    estimator = DummyRegressor() if job.task is Task.REGRESSION else DummyClassifier(strategy="prior")
    started = time.perf_counter()
    estimator.fit(np.zeros((job.train.rows, 1)), job.values)
    return _finished(job, None, estimator, {}, 0.0, started)


def _fit_recipe(name: str, job: FitJob) -> Fit:
    """A recipe's estimator, fitted on the plain frame. Class targets are codes from 0."""
    options = {
        "task": job.task.value,
        "seed": job.seed,
        "columns": job.columns,
        "threads": job.threads,
        "classes": list(job.classes),
    }
    recipe = recipes.build(name, job.workspace, options)
    started = time.perf_counter()
    recipe.estimator.fit(to_frame(job.train, job.columns), job.values)
    return _finished(job, None, recipe.estimator, {}, 0.0, started, (recipe.file, recipe.source))


REGISTRY: dict[str, Fitter] = {"linear": _fit_linear, "boosting": _fit_boosting}


def _encode(job: FitJob, style: Style) -> tuple[TableEncoder, NDArray[np.float64], float]:
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


def _finished(
    job: FitJob,
    encoder: TableEncoder | None,
    estimator: Any,
    params: dict[str, Any],
    encode_seconds: float,
    started: float,
    recipe: tuple[str, str] | None = None,
) -> Fit:
    fit_seconds = time.perf_counter() - started
    model = FittedModel(
        name=job.name,
        task=job.task,
        classes=job.classes,
        features=feature_fields(job, encoder),
        encoder=encoder,
        estimator=estimator,
        recipe=recipe,
    )
    return Fit(model, params, encode_seconds, fit_seconds)


def feature_fields(job: FitJob, encoder: TableEncoder | None) -> list[FeatureField]:
    """The inputs of a model: the columns that its encoder uses, or all of them for a recipe."""
    kinds = {column.name: _plain_kind(column) for column in job.columns}
    if encoder is not None:
        kinds = encoder.inputs()
    return [_field(column, kinds[column.name], job.train) for column in job.columns if column.name in kinds]


def _field(column: Column, kind: str, train: Table) -> FeatureField:
    levels: tuple[str, ...] = ()
    if column.type is ColumnType.TEXT:
        factor = train.factor(column.name)
        missing = bool((factor.codes < 0).any())
        if kind != "text":
            counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.levels))
            order = sorted(range(len(factor.levels)), key=lambda place: (-counts[place], factor.levels[place]))
            levels = tuple(factor.levels[place] for place in order[:_LEVELS_SHOWN] if counts[place])
    elif column.type.temporal:
        missing = bool((train.moments(column.name).micros == NO_TIME).any())
    else:
        missing = bool(np.isnan(train.numbers(column.name)).any())
    # What one file brought must not become what every request has to send.
    return FeatureField(
        name=column.name,
        kind=kind,
        type=column.type,
        nullable=missing or column.optional,
        optional=column.optional,
        levels=levels,
        format=column.format,
    )


def _plain_kind(column: Column) -> str:
    if column.type.temporal:
        return "date"
    return {ColumnType.TEXT: "category", ColumnType.BOOLEAN: "boolean"}.get(column.type, "number")
