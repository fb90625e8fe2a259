"""Suspicion of a leak: one feature alone that gives the target away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopfloor.artifacts.table import NO_TIME, Table
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.numbers import figure
from shopfloor.domain.text import safe
from shopfloor.statistics import metrics
from shopfloor.statistics.predictions import from_scores

_SAMPLE = 10_000
_BINS = 64
_LIMIT = {Task.BINARY: 0.99, Task.MULTICLASS: 0.95, Task.REGRESSION: 0.99}
_LEAST_ROWS = 100


def suspicions(columns: Sequence[Column], train: Table, values: NDArray[Any], task: Task, seed: int) -> tuple[str, ...]:
    """A note for each feature that predicts the target almost perfectly by itself.

    Bins (or levels) are learned on one half of a sample and scored on the other, so a column that
    is different in every row, such as an id, is never suspected for having memorised them.
    """
    if train.rows < _LEAST_ROWS:
        return ()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(train.rows)[:_SAMPLE]
    sample, truth = train.take(rows), values[rows]
    notes = []
    for column in columns:
        found = single_score(_bins(column, sample), truth, task)
        if found is not None and found >= _LIMIT[task]:
            notes.append(
                f"Column {safe(column.name, 60)!r} alone predicts the target almost perfectly "
                f"({_name(task)} {figure(found)}). Exclude it if it is known only after the outcome."
            )
    return tuple(notes)


def single_score(bins: NDArray[np.intp], truth: NDArray[Any], task: Task) -> float | None:
    """How well bins alone predict: AUC, accuracy above chance or R², learned and scored on halves."""
    half = len(bins) // 2
    count = int(bins.max()) + 1
    learned, judged = slice(0, half), slice(half, None)
    if task is Task.MULTICLASS:
        return _beyond_chance(bins, truth, half, count)
    weights = np.bincount(bins[learned], minlength=count)
    prior = float(truth[learned].mean())
    sums = np.bincount(bins[learned], weights=truth[learned], minlength=count)
    means = np.where(weights > 0, sums / np.maximum(weights, 1), prior)[bins[judged]]
    scores = means[:, None] if task is Task.REGRESSION else np.column_stack([1 - means, means])
    return metrics.find("", (task,)).score(from_scores(task, truth[judged], scores))


def _beyond_chance(bins: NDArray[np.intp], truth: NDArray[Any], half: int, count: int) -> float | None:
    classes = int(truth.max()) + 1
    table = np.bincount(bins[:half] * classes + truth[:half], minlength=count * classes).reshape(count, classes)
    commonest = int(np.bincount(truth[:half]).argmax())
    guess = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), commonest)[bins[half:]]
    right = float((guess == truth[half:]).mean())
    chance = float((truth[half:] == commonest).mean())
    return None if chance >= 1.0 else (right - chance) / (1.0 - chance)


def _bins(column: Column, table: Table) -> NDArray[np.intp]:
    """A column as at most a few dozen bins (or its levels); missing is a bin of its own."""
    if column.type is ColumnType.TEXT:
        factor = table.factor(column.name)
        return np.where(factor.codes < 0, len(factor.levels), factor.codes)
    if column.type.temporal:
        micros = table.moments(column.name).micros
        numbers = np.where(micros == NO_TIME, np.nan, micros.astype(np.float64))
    else:
        numbers = table.numbers(column.name)
    missing = np.isnan(numbers)
    present = numbers[~missing]
    if not len(present):
        return np.zeros(len(numbers), dtype=np.intp)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, _BINS + 1)[1:-1]))
    places = np.searchsorted(edges, numbers, side="left")
    return np.where(missing, len(edges) + 1, places).astype(np.intp)


def _name(task: Task) -> str:
    return {Task.BINARY: "AUC", Task.MULTICLASS: "accuracy beyond chance", Task.REGRESSION: "R²"}[task]
