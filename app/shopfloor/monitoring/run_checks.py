"""The checks of one model version: its inputs, its predictions, and how right they were."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopfloor.artifacts.table import NO_TIME, Moments, infer_columns, parse_column
from shopfloor.domain.codec import from_json
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.text import counted
from shopfloor.lake.frame import read_parts
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.drift import feature_drift, prediction_drift
from shopfloor.monitoring.records import PREDICTION_DRIFT, CheckReport, CheckSpec, Joined, Reference
from shopfloor.monitoring.stored import JoinedPredictions, join_truth, read_inputs
from shopfloor.statistics.frames import read_predictions
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[float, str], None]

NOTHING = Joined()

_TIMES_LEAST = 10
_STRAY = 0.02


def run_checks(spec: CheckSpec, progress: Progress, told: Callable[[pd.DataFrame], None] | None = None) -> CheckReport:
    """Check one model version on the newest delivery, or else on what it was asked.

    Inputs: the rows of `spec.data` when there are any, else the stored inputs of the window.
    Predictions and performance: the stored predictions of the window; with an open window what came
    since the last run, and the newest known outcomes. `told` is given what the delivery says of
    predictions (columns `association_id` and `actual`), if it says anything. Raises `IntegrityError`
    for a damaged reference or part, `DataError` for parts without the agreed columns.
    """
    progress(0.0, "reading the reference")
    reference = read_reference(spec.reference_path)
    progress(0.1, "reading rows")
    delivered = _delivered(spec, reference) if spec.data else None
    truth = delivered_truth(delivered, spec.definition.id, spec.definition.target)
    found = _Findings()
    if spec.definition.monitoring.drift:
        found = _drift(spec, reference, delivered, progress)
    if spec.definition.monitoring.performance and spec.inference:
        progress(0.7, "joining predictions and actuals")
        found = found.plus(_performance(spec, reference, truth))
    if told is not None and truth is not None:
        told(truth)
    progress(1.0, "done")
    return CheckReport(
        model=spec.definition.name,
        model_version=spec.model_version,
        results=found.results,
        source=found.source,
        rows=found.rows,
        live_score=found.live_score,
        live_rows=found.live_rows,
        joined=found.joined,
        notes=found.notes,
    )


def read_reference(path: str) -> Reference:
    """`reference.json` of an artifact. Raises `IntegrityError` when it is missing or no reference."""
    try:
        return from_json(Path(path).read_bytes(), Reference)
    except (OSError, msgspec.DecodeError) as error:
        raise IntegrityError(
            f"The monitoring reference {Path(path).name} cannot be read: {error}",
            hint="Train the model again, or run `shopfloor doctor`.",
            code="reference_damaged",
        ) from error


@dataclass(frozen=True)
class _Findings:
    results: tuple[CheckResult, ...] = ()
    source: str = ""
    rows: int = 0
    live_score: float | None = None
    live_rows: int = 0
    joined: Joined = NOTHING
    notes: tuple[str, ...] = ()

    def plus(self, other: _Findings) -> _Findings:
        """Both; sizes of the inputs are this one's."""
        return replace(
            self,
            results=(*self.results, *other.results),
            source=self.source or other.source,
            live_score=other.live_score,
            live_rows=other.live_rows,
            joined=other.joined,
            notes=(*self.notes, *other.notes),
        )


def _delivered(spec: CheckSpec, reference: Reference) -> pd.DataFrame:
    wanted = {feature.name for feature in reference.features}
    wanted |= {name for name in (spec.definition.time, spec.definition.id, spec.definition.target) if name}
    return read_parts(spec.data, spec.columns, [column.name for column in spec.columns if column.name in wanted])


def _drift(spec: CheckSpec, reference: Reference, delivered: pd.DataFrame | None, progress: Progress) -> _Findings:
    found = _Findings()
    if delivered is not None:
        progress(0.3, "comparing the delivery")
        begins, moment = span_of(delivered, spec.definition.time)
        context = _context(spec, "data", _digest(part.sha256 for part in spec.data), moment or spec.now, begins)
        found = _Findings(tuple(feature_drift(reference, delivered, context)), "data", len(delivered))
    if not spec.inference:
        return found
    progress(0.5, "comparing what was asked")
    stored = read_inputs(spec.inference, spec.model_version, spec.window, _newest(spec))
    if not len(stored.outputs) or stored.last_at is None:
        return found
    least = max(spec.definition.monitoring.min_rows, 1)
    # Runs that share most of their rows are one: persistence asks for news.
    context = _context(spec, "inference", f"predictions {stored.total // least}", stored.last_at)
    predictions = read_predictions(
        stored.outputs, None, task=spec.task, classes=spec.classes or reference.classes, positive=spec.positive
    )
    results = _until(prediction_drift(reference, predictions, context), stored.last_at)
    if delivered is not None:
        return replace(found, results=(*found.results, *results))
    features = feature_drift(reference, stored.inputs, context)
    return _Findings((*features, *results), "inference", len(stored.inputs))


def _newest(spec: CheckSpec) -> tuple[datetime | None, int]:
    """Without a window: what came since the last run, and at least some rows to judge by."""
    if spec.window != (None, None):
        return None, 0
    return _last_run(spec), _TIMES_LEAST * max(spec.definition.monitoring.min_rows, 1)


def _last_run(spec: CheckSpec) -> datetime | None:
    """Up to where the newest check of predictions of this version went."""
    found = [
        datetime.fromisoformat(str(result.evidence["until"]))
        for result in spec.history
        if result.check == PREDICTION_DRIFT
        and result.model_version == spec.model_version
        and "until" in result.evidence
    ]
    return max(found, default=None)


def _until(results: Iterable[CheckResult], moment: datetime) -> tuple[CheckResult, ...]:
    return tuple(
        msgspec.structs.replace(result, evidence={**result.evidence, "until": moment.isoformat()}) for result in results
    )


def _performance(spec: CheckSpec, reference: Reference, truth: pd.DataFrame | None) -> _Findings:
    # Drift alone needs no metric, and scikit-learn takes a second to load.
    from shopfloor.monitoring.performance import performance

    stored = join_truth(
        spec.inference,
        spec.actuals,
        task=spec.task,
        classes=spec.classes or reference.classes,
        positive=spec.positive,
        version=spec.model_version,
        window=spec.window,
        more_truth=truth,
    )
    if stored is None:
        return _Findings()
    predictions, note = _newest_known(spec, reference, stored)
    least = max(spec.definition.monitoring.min_rows, 1)
    known = stored.joined.matched - stored.joined.unusable
    context = _context(spec, "inference", f"truths {known // least}", stored.last_at)
    result = performance(reference, predictions, stored.joined, context)
    return _Findings(
        (result,),
        "inference",
        live_score=result.value,
        live_rows=result.rows,
        joined=stored.joined,
        notes=(*note, *_join_notes(stored)),
    )


def _newest_known(
    spec: CheckSpec, reference: Reference, stored: JoinedPredictions
) -> tuple[Predictions, tuple[str, ...]]:
    """Without a window the newest outcomes count, as many as the holdout had or at least ten times
    `min_rows`: what a model did long ago must not hide what it does now."""
    known = stored.predictions.known()
    promised = reference.performance.rows if reference.performance is not None else 0
    most = max(promised, _TIMES_LEAST * spec.definition.monitoring.min_rows)
    if spec.window != (None, None) or len(known) <= most:
        return known, ()
    return known.take(slice(len(known) - most, None)), (
        f"Performance is that of the newest {most:,} of {len(known):,} known outcomes.",
    )


def _join_notes(stored: JoinedPredictions) -> tuple[str, ...]:
    joined = stored.joined
    notes = []
    if joined.orphans:
        notes.append(
            f"{counted(joined.orphans, 'actual belongs', 'actuals belong')} to no prediction of this version "
            "in the window."
        )
    if joined.unusable:
        notes.append(f"{counted(joined.unusable, 'actual is', 'actuals are')} no class or number of this model.")
    return tuple(notes)


def delivered_truth(frame: pd.DataFrame | None, id: str | None, target: str) -> pd.DataFrame | None:
    """Rows of a delivery that tell the truth about predictions; None without id or target."""
    if frame is None or id is None or id not in frame.columns or target not in frame.columns:
        return None
    return frame[[id, target]].set_axis(["association_id", "actual"], axis=1)


def _context(spec: CheckSpec, source: str, data: str, moment: datetime, begins: datetime | None = None) -> CheckContext:
    return CheckContext(
        model=spec.definition.name,
        model_version=spec.model_version,
        settings=spec.definition.monitoring,
        at=spec.now,
        moment=moment,
        begins=begins,
        source=source,
        data=data,
        history=spec.history,
    )


def span_of(frame: pd.DataFrame, time: str | None) -> tuple[datetime | None, datetime | None]:
    """When the rows begin (but for the earliest fiftieth) and their median time; None without times."""
    if time is None or time not in frame.columns:
        return None, None
    column = infer_columns(frame[[time]])[0]
    if column.type is not ColumnType.TIMESTAMP:
        return None, None
    values = parse_column(frame[time], column)
    assert isinstance(values, Moments)
    known = values.micros[values.micros != NO_TIME]
    if not len(known):
        return None, None
    first, middle = np.quantile(known, [_STRAY, 0.5])
    return datetime.fromtimestamp(float(first) / 1e6, UTC), datetime.fromtimestamp(float(middle) / 1e6, UTC)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
