"""Realised value: the value of stored predictions whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopfloor.domain.definition import Task, Value
from shopfloor.domain.monitor import ValuePoint, ValueReport
from shopfloor.domain.numbers import count, percent
from shopfloor.lake.frame import read_parts
from shopfloor.monitoring.records import Outcomes, ValueSpec
from shopfloor.monitoring.samples import delivered_truth, read_reference
from shopfloor.monitoring.stored import JoinedPredictions, join_truth
from shopfloor.statistics.arrays import Floats, Mask
from shopfloor.statistics.business_value import value_of_claims, value_per_row
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd


def realised_value(spec: ValueSpec) -> ValueReport:
    """The value of all predictions whose truth is known, by month and model version.

    Binary targets: the gain of each outcome of the decisions that were served. Regression: `per_absolute_error`
    times the error. Every association id counts once, with its last prediction. `baseline` is the value of always
    answering the reference's commonest class (or its mean) on the same rows, `planned_per_row`
    what the holdout of the reference promised. Without a value in the definition, or where it
    cannot be computed, the report is empty and `note` says why.
    """
    value = spec.definition.value
    if value is None:
        return _empty(spec, "The definition has no [value] table. Add the gain or cost of each outcome.")
    if spec.task is Task.MULTICLASS:
        return _empty(spec, "A value is defined for two classes and for numbers, not for more classes.")
    stored = join_truth(
        spec.inference,
        spec.actuals,
        task=spec.task,
        classes=spec.classes,
        positive=spec.positive,
        window=spec.window,
        more_truth=_delivered(spec),
        served=True,
    )
    if stored is None:
        return _empty(spec, "There are no predictions yet.")
    outcomes = None if spec.reference_path is None else read_reference(spec.reference_path).outcomes
    return _report(spec, value, stored, outcomes)


def planned_per_row(value: Value, task: Task, outcomes: Outcomes | None) -> float | None:
    """The value of one prediction on the holdout; None when that is not known.

    The threshold is met to half a percent, the width of the holdout's bins of chance.
    """
    if outcomes is None or not outcomes.rows:
        return None
    if task is Task.REGRESSION:
        error = outcomes.absolute_error
        return None if error is None else value.per_absolute_error * error
    if not outcomes.positives:
        return None
    positives, negatives = np.asarray(outcomes.positives), np.asarray(outcomes.negatives)
    from_bin = min(max(round(value.threshold * len(positives)), 0), len(positives))
    total = (
        value.true_positive * positives[from_bin:].sum()
        + value.false_negative * positives[:from_bin].sum()
        + value.false_positive * negatives[from_bin:].sum()
        + value.true_negative * negatives[:from_bin].sum()
    )
    return float(total) / outcomes.rows


def _constant_per_row(value: Value, predictions: Predictions, outcomes: Outcomes | None) -> Floats | None:
    """The value of the constant prediction on the same rows, (n,)."""
    if outcomes is None:
        return None
    if not predictions.task.classification:
        if outcomes.mean is None:
            return None
        return value_per_row(value, replace(predictions, predicted=np.full(len(predictions), outcomes.mean)))
    if outcomes.commonest not in predictions.classes:
        return None
    yes = predictions.classes.index(outcomes.commonest) == predictions.positive
    return value_of_claims(value, predictions, np.full(len(predictions), yes))


def _report(spec: ValueSpec, value: Value, stored: JoinedPredictions, outcomes: Outcomes | None) -> ValueReport:
    known = stored.predictions.labelled() & stored.predictions.sound()
    predictions = stored.predictions.take(known)
    planned = planned_per_row(value, spec.task, outcomes)
    if not len(predictions):
        report = _empty(spec, f"None of {count(stored.joined.predictions)} predictions has actuals yet.")
        return msgspec.structs.replace(report, planned_per_row=planned)
    values = _served_value(value, predictions)
    constant = _constant_per_row(value, predictions, outcomes)
    return ValueReport(
        model=spec.definition.name,
        unit=value.unit,
        rows=len(predictions),
        total=float(values.sum()),
        per_row=float(values.mean()),
        baseline=None if constant is None else float(constant.sum()),
        planned_per_row=planned,
        points=_points(stored, known, values, constant),
        note=_note(stored, outcomes),
    )


def _served_value(value: Value, predictions: Predictions) -> Floats:
    if predictions.task.classification:
        return value_of_claims(value, predictions, predictions.predicted == predictions.positive)
    errors = value_per_row(value, predictions)
    assert errors is not None
    return errors


def _points(stored: JoinedPredictions, known: Mask, values: Floats, constant: Floats | None) -> tuple[ValuePoint, ...]:
    months, versions = stored.months[known], stored.versions[known]
    points = []
    for month, version in sorted(set(zip(months.tolist(), versions.tolist(), strict=True))):
        rows = (months == month) & (versions == version)
        points.append(
            ValuePoint(
                period=str(month),
                model_version=int(version),
                rows=int(rows.sum()),
                value=float(values[rows].sum()),
                baseline=None if constant is None else float(constant[rows].sum()),
            )
        )
    return tuple(points)


def _note(stored: JoinedPredictions, outcomes: Outcomes | None) -> str:
    notes = []
    maturity = stored.joined.maturity
    if maturity is not None and maturity < 1:
        notes.append(f"{percent(maturity)} of {count(stored.joined.predictions)} predictions have actuals.")
    if outcomes is None:
        notes.append("There is no holdout, so neither the expected value nor a constant prediction is known.")
    return " ".join(notes)


def _delivered(spec: ValueSpec) -> pd.DataFrame | None:
    names = {spec.definition.id, spec.definition.target}
    columns = [column.name for column in spec.columns if column.name in names]
    if not spec.data or len(columns) < 2:
        return None
    return delivered_truth(read_parts(spec.data, spec.columns, columns), spec.definition.id, spec.definition.target)


def _empty(spec: ValueSpec, note: str) -> ValueReport:
    unit = spec.definition.value.unit if spec.definition.value is not None else ""
    return ValueReport(model=spec.definition.name, unit=unit, rows=0, total=0.0, note=note)
