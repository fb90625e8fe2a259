"""The target: what kind of task it makes, its classes, and its values as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shopfloor.artifacts.table import parse_column
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.errors import DataError
from shopfloor.domain.labels import label_of
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.numbers import count, exact
from shopfloor.domain.text import counted, safe

_MOST_CLASSES = 100
_MOST_INTEGER_CLASSES = 10
_YES = frozenset({"yes", "true", "1", "y", "t", "positive", "pos", "ja", "oui", "si", "fraud", "failed", "churned"})
_NO = frozenset({"no", "false", "0", "n", "f", "negative", "neg", "nein", "non", "none", "ok", "normal", "good"})


@dataclass(frozen=True)
class Target:
    """The target of every row. `values` are class codes (int64) or numbers (float64); rows where
    `present` is False have no target and an arbitrary value."""

    task: Task
    classes: list[str]
    positive: str | None
    values: NDArray[Any]
    present: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def labels(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """The target at `rows` as class labels (text) or numbers."""
        if not self.classes:
            return self.values[rows]
        names = np.array(self.classes, dtype=object)
        return np.asarray(names[self.values[rows]])


def read_target(frame: pd.DataFrame, columns: tuple[Column, ...], definition: ModelDefinition) -> Target:
    """The target of `frame` by the definition; raises `DataError` when it cannot be learned."""
    column = next((one for one in columns if one.name == definition.target), None)
    if column is None or column.name not in frame.columns:
        raise DataError(
            f"Dataset {definition.dataset} has no column {safe(definition.target, 80)!r} to predict.",
            hint=did_you_mean(definition.target, [safe(one.name, 80) for one in columns], definition.roles),
            code="target_missing",
        )
    if column.type.temporal:
        raise _unusable(column, "dates and times cannot be predicted", "Predict a number of days instead.")
    if definition.task is Task.REGRESSION:
        return _numbers(frame, column)
    labels, codes = _labels(frame[column.name])
    if definition.task is None and _is_number(frame, column, labels, codes):
        return _numbers(frame, column)
    return _classes(column, labels, codes, definition)


def _is_number(frame: pd.DataFrame, column: Column, labels: list[str], codes: NDArray[np.intp]) -> bool:
    """True when a target is better treated as a quantity than as classes."""
    if not column.type.numeric or len(labels) <= 2:
        return False
    if column.type is ColumnType.NUMBER:
        return True
    return len(labels) > _MOST_INTEGER_CLASSES


def _numbers(frame: pd.DataFrame, column: Column) -> Target:
    if not column.type.numeric:
        raise _unusable(
            column,
            f"it is of type {column.type.value}, and regression needs numbers",
            'Set task = "binary" or "multiclass", or correct the column\'s type in the contract.',
        )
    values = parse_column(frame[column.name], column)
    assert isinstance(values, np.ndarray)
    present = ~np.isnan(values)
    if not present.any():
        raise _all_missing(column)
    if len(values[present]) > 1 and bool((values[present] == values[present][0]).all()):
        value = float(values[present][0])
        raise _unusable(column, f"every row has the same value {exact(value)}", "Deliver rows with other outcomes.")
    return Target(Task.REGRESSION, [], None, values, present)


def _labels(series: pd.Series[Any]) -> tuple[list[str], NDArray[np.intp]]:
    """Class labels in order of appearance, and for each row its label's place or -1."""
    codes, found = pd.factorize(series)
    places: dict[str, int] = {}
    texts = [label_of(value) for value in found]
    targets = np.array([-1 if t is None else places.setdefault(t, len(places)) for t in texts] + [-1])
    return list(places), targets[codes].astype(np.intp)


def _classes(column: Column, labels: list[str], codes: NDArray[np.intp], definition: ModelDefinition) -> Target:
    present = codes >= 0
    rows = int(present.sum())
    if not rows:
        raise _all_missing(column)
    if len(labels) == 1:
        raise _unusable(
            column,
            f"all {count(rows)} rows have the class {safe(labels[0], 60)!r}",
            "Deliver rows with other outcomes, or choose another target.",
            code="one_class",
        )
    if len(labels) > _MOST_CLASSES or len(labels) > max(2, rows // 2):
        raise _unusable(
            column,
            f"it has {count(len(labels))} different values in {counted(rows, 'row')}, "
            "more like an identifier than classes",
            "Choose another target, or group its values.",
        )
    if definition.task is Task.BINARY and len(labels) > 2:
        shown = ", ".join(safe(label, 30) for label in sorted(labels)[:8])
        raise _unusable(column, f"a binary task has two classes, here are {len(labels)}: {shown}", "Use multiclass.")
    counts = np.bincount(codes[present], minlength=len(labels))
    if len(labels) == 2 and definition.task is not Task.MULTICLASS:
        return _binary(labels, codes, present, counts, definition)
    order = sorted(range(len(labels)), key=lambda place: _natural(labels[place]))
    notes = _multiclass_notes(column, definition, len(labels))
    values, classes = _renumbered(labels, codes, order)
    return Target(Task.MULTICLASS, classes, None, values, present, notes)


def _binary(
    labels: list[str],
    codes: NDArray[np.intp],
    present: NDArray[np.bool_],
    counts: NDArray[Any],
    definition: ModelDefinition,
) -> Target:
    notes: tuple[str, ...] = ()
    if definition.positive is not None:
        positive = _find_positive(definition.positive, labels)
    else:
        positive = _guess_positive(labels, counts)
        notes = (f"Class {safe(labels[positive], 60)!r} is the positive class; set `positive` to change it.",)
    values, classes = _renumbered(labels, codes, [1 - positive, positive])
    return Target(Task.BINARY, classes, classes[1], values, present, notes)


def _find_positive(wanted: str, labels: list[str]) -> int:
    if wanted in labels:
        return labels.index(wanted)
    raise DataError(
        f"The positive class {safe(wanted, 60)!r} is not among the target's classes.",
        hint=did_you_mean(wanted, [safe(label, 60) for label in labels]),
        code="positive_unknown",
    )


def _guess_positive(labels: list[str], counts: NDArray[Any]) -> int:
    """The class that says yes, or whose other says no; else the rarer one, which people look for."""
    words = [label.lower() for label in labels]
    for place in (0, 1):
        if (words[place] in _YES) > (words[1 - place] in _YES):
            return place
        if (words[1 - place] in _NO) > (words[place] in _NO):
            return place
    if counts[0] != counts[1]:
        return int(np.argmin(counts))
    return 1 if labels[0] < labels[1] else 0


def _renumbered(labels: list[str], codes: NDArray[np.intp], order: list[int]) -> tuple[NDArray[np.int64], list[str]]:
    places = np.zeros(len(labels) + 1, dtype=np.int64)
    for place, label in enumerate(order):
        places[label] = place
    return places[codes], [labels[label] for label in order]


def _multiclass_notes(column: Column, definition: ModelDefinition, classes: int) -> tuple[str, ...]:
    if definition.task is not None or not column.type.numeric:
        return ()
    return (
        f'The {classes} whole numbers of the target are treated as classes; set task = "regression" for quantities.',
    )


def _natural(label: str) -> tuple[int, float, str]:
    """Numbers by size, then words by letters."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _all_missing(column: Column) -> DataError:
    return _unusable(column, "it is empty in every row", "Deliver files with outcomes.", code="target_empty")


def _unusable(column: Column, why: str, hint: str, code: str = "target_unusable") -> DataError:
    return DataError(f"Column {safe(column.name, 80)!r} cannot be the target: {why}.", hint=hint, code=code)
