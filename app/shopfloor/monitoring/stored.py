"""Stored predictions and ground truth, read from their parts and joined by association id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shopfloor.domain.codec import utc
from shopfloor.domain.definition import Task
from shopfloor.domain.errors import DataError, IntegrityError
from shopfloor.domain.humility import NO_HUMILITY, HumilityCounts, counts_of
from shopfloor.domain.stored_object import ObjectKind
from shopfloor.lake.inference_parts import AMOUNT, HUMILITY, HUMILITY_ACTION, MODEL_PREDICTION
from shopfloor.lake.objects import verify_published
from shopfloor.monitoring.records import Joined
from shopfloor.statistics.frames import PREDICTION, PROBABILITY, read_predictions
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

INPUT = "input_"
MOST_INPUT_ROWS = 500_000

_MOMENT = pa.timestamp("us")
_LAST = datetime.max.replace(tzinfo=UTC)
_ID, _AT, _VERSION, _ACTUAL, _ARRIVED = "association_id", "at", "model_version", "actual", "arrived_at"
_DECIDED = ("segment", "served", "threshold", "humility", "seconds")

Window = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class JoinedPredictions:
    """Distinct predictions in the order they were made, with their truth where it is known."""

    predictions: Predictions
    joined: Joined
    last_at: datetime


def join_truth(
    inference: Sequence[str],
    actuals: Sequence[str],
    *,
    task: Task,
    classes: Sequence[str],
    positive: str | None,
    version: int | None = None,
    window: Window = (None, None),
    more_truth: pd.DataFrame | None = None,
) -> JoinedPredictions | None:
    """Join predictions with their actuals; None when nothing was predicted.

    Only predictions of `version` (all with None) made in `window` count; of several with one id
    the last one does, and of several actuals of one id the last to arrive. `more_truth` has
    columns `association_id` and `actual` and counts as the newest. The predictions are the
    model's own, which its scores on the holdout are of, not what a threshold made of them. Raises `DataError` for
    a part without the agreed columns, `IntegrityError` for one that cannot be read.
    """
    table = _predictions(inference, version, window)
    if not table.num_rows:
        return None
    ids, order = _latest(table.column(_ID), _micros(table.column(_AT)))
    # In the order of time, as blocks of neighbours need it.
    order = order[np.argsort(_micros(table.column(_AT))[order], kind="stable")]
    made = table.take(pa.array(order))
    truth, counts = _truth(made.column(_ID), actuals, more_truth, task)
    frame = made.drop_columns([_ID, _AT, _VERSION]).to_pandas()
    predictions = read_predictions(frame, truth, task=task, classes=classes, positive=positive)
    matched = int(truth.notna().sum())
    usable = len(predictions.known())
    joined = Joined(
        predictions=len(order),
        matched=matched,
        orphans=counts[0],
        repeated=table.num_rows - len(ids),
        replaced=counts[1],
        unusable=matched - usable,
    )
    at = _micros(made.column(_AT))
    return JoinedPredictions(
        predictions=predictions,
        joined=joined,
        last_at=_moment(at.max()),
    )


def truths_of_predictions(
    delivered: pd.DataFrame, inference: Sequence[str], task: Task
) -> tuple[dict[str, str | float], dict[str, dict[str, float]]]:
    """What a delivery says of predictions that are stored, of any version: truth by association id, and amounts by
    column and id.

    `delivered` has columns `association_id`, `actual` and `amount_<column>`; of several rows with one id the last one
    counts. Empty where nothing was predicted.
    """
    if not inference:
        return {}, {}
    actuals = arriving(delivered, task, _LAST)
    predicted = pa.chunked_array([_one(_read(path, (_ID,)).column(_ID)) for path in inference])
    own = actuals.filter(pc.is_in(actuals.column(_ID), value_set=_one(predicted)))
    ids = own.column(_ID).to_pylist()
    amounts = (name for name in own.column_names if name.startswith(AMOUNT))
    return (
        dict(zip(ids, own.column(_ACTUAL).to_pylist(), strict=True)),
        {name.removeprefix(AMOUNT): dict(zip(ids, own.column(name).to_pylist(), strict=True)) for name in amounts},
    )


@dataclass(frozen=True)
class StoredInputs:
    """The inputs of a model version, under the features' own names, and its predictions, oldest first.

    `decided` has, row by row, `association_id`, `segment`, what was `served`, and the `threshold` or `humility` that
    made it so, and the `seconds` of its request; None where the part does not say. `at` is when each was asked, in
    microseconds since 1970. `last_at` is the newest of the window, None where it has none. `humility` counts the rows
    that the model was not trusted with.
    """

    inputs: pd.DataFrame
    outputs: pd.DataFrame
    decided: pd.DataFrame
    at: NDArray[np.int64]
    last_at: datetime | None
    humility: HumilityCounts = NO_HUMILITY


def read_inputs(inference: Sequence[str], version: int, window: Window, since: datetime | None = None) -> StoredInputs:
    """The stored inputs and predictions of a version in a window; of several with one id the last one.

    Only rows after `since`, where it is given, and never more than the newest 500,000.
    """
    import pandas as pd

    table = _rows_of(inference, None, version, window)
    if not table.num_rows:
        return StoredInputs(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), np.empty(0, dtype=np.int64), None)
    # A row that is asked for again and again is still one row.
    table = table.take(pa.array(_latest(table.column(_ID), _micros(table.column(_AT)))[1]))
    at = _micros(table.column(_AT))
    order = np.argsort(at, kind="stable")
    if since is not None:
        order = order[at[order] > _scalar(since).cast(pa.int64()).as_py()]
    kept = table.take(pa.array(order[-MOST_INPUT_ROWS:]))
    names = [name for name in table.column_names if name.startswith(INPUT)]
    inputs = kept.select(names).rename_columns([name.removeprefix(INPUT) for name in names])
    outputs = [name for name in table.column_names if name == PREDICTION or name.startswith(PROBABILITY)]
    return StoredInputs(
        inputs=inputs.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get),
        outputs=kept.select(outputs).to_pandas(),
        decided=kept.select([_ID, *(name for name in _DECIDED if name in kept.column_names)])
        .to_pandas()
        .reindex(columns=[_ID, *_DECIDED]),
        at=at[order[-MOST_INPUT_ROWS:]],
        last_at=_moment(at.max()),
        humility=_humility(kept),
    )


def _humility(table: pa.Table) -> HumilityCounts:
    names = [HUMILITY, HUMILITY_ACTION]
    if not set(names) <= set(table.column_names):
        return NO_HUMILITY
    groups = table.group_by(names).aggregate([([], "count_all")]).to_pydict()
    keys = zip(groups[HUMILITY], groups[HUMILITY_ACTION], strict=True)
    return counts_of(dict(zip(keys, groups["count_all"], strict=True)))


def _moment(micros: np.int64) -> datetime:
    return datetime.fromtimestamp(int(micros) / 1e6, UTC)


def _predictions(paths: Sequence[str], version: int | None, window: Window) -> pa.Table:
    table = _rows_of(paths, (_ID, _AT, _VERSION, PREDICTION), version, window)
    return table if table.num_rows else table.slice(0, 0)


def _rows_of(paths: Sequence[str], wanted: Sequence[str] | None, version: int | None, window: Window) -> pa.Table:
    """Rows of all parts in the window; with `wanted` only those columns and the probabilities."""
    tables = [_filtered(_said(_read(path, wanted)), version, window) for path in paths]
    tables = [table for table in tables if table.num_rows]
    return pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})


def _read(path: str, wanted: Sequence[str] | None) -> pa.Table:
    verify_published([Path(path)], ObjectKind.LOG)
    try:
        with pq.ParquetFile(Path(path)) as file:
            present = file.schema_arrow.names
            missing = [name for name in wanted or () if name not in present]
            if missing:
                raise DataError(
                    f"The stored part {Path(path).name} has no column {missing[0]!r}.",
                    hint="It was not written by Shopfloor. Remove it and run `shopfloor doctor`.",
                    code="part_columns",
                )
            more = (name for name in present if name == MODEL_PREDICTION or name.startswith(PROBABILITY))
            names = None if wanted is None else [*wanted, *more]
            table = file.read(columns=names)
    except (OSError, pa.ArrowInvalid) as error:
        raise IntegrityError(
            f"The stored part {Path(path).name} cannot be read: {error}",
            hint="Run `shopfloor doctor`, or restore from a backup.",
            code="part_damaged",
        ) from error
    return _timed(table)


def _said(table: pa.Table) -> pa.Table:
    """With what the model itself said as the prediction, and as `served` what was; parts of earlier versions have
    nothing else.
    """
    if MODEL_PREDICTION not in table.column_names:
        return table
    said = table.column(MODEL_PREDICTION)
    rest = table.drop_columns([MODEL_PREDICTION])
    place = rest.column_names.index(PREDICTION)
    return rest.append_column("served", rest.column(PREDICTION)).set_column(place, PREDICTION, said)


def _timed(table: pa.Table) -> pa.Table:
    """Moments in UTC without a zone, whatever the writer chose."""
    for name in (_AT, _ARRIVED):
        place = table.schema.get_field_index(name)
        if place >= 0 and table.schema.field(place).type != _MOMENT:
            column = table.column(place)
            if getattr(column.type, "tz", None) is not None:
                column = column.cast(pa.timestamp("us", "UTC"))
            table = table.set_column(place, name, column.cast(_MOMENT))
    return table


def _filtered(table: pa.Table, version: int | None, window: Window) -> pa.Table:
    keep: Any = None
    conditions = []
    if version is not None:
        conditions.append(pc.equal(table.column(_VERSION), version))
    start, end = window
    if start is not None:
        conditions.append(pc.greater_equal(table.column(_AT), _scalar(start)))
    if end is not None:
        conditions.append(pc.less(table.column(_AT), _scalar(end)))
    for condition in conditions:
        keep = condition if keep is None else pc.and_(keep, condition)
    return table if keep is None else table.filter(keep)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(utc(moment).replace(tzinfo=None), _MOMENT)


def _truth(
    ids: pa.ChunkedArray, paths: Sequence[str], more: pd.DataFrame | None, task: Task
) -> tuple[pd.Series[Any], tuple[int, int]]:
    """The newest actual of each id, and how many actuals met no prediction or were replaced."""
    import pandas as pd

    kind = pa.string() if task.classification else pa.float64()
    tables = [_actuals(path, kind) for path in paths]
    if more is not None and len(more):
        tables.append(arriving(more, task, _LAST).select([_ID, _ACTUAL, _ARRIVED]))
    tables = [table for table in tables if table.num_rows]
    if not tables:
        return pd.Series([None] * len(ids), dtype=object), (0, 0)
    table = pa.concat_tables(tables)
    distinct, order = _latest(table.column(_ID), _micros(table.column(_ARRIVED)))
    place = pc.index_in(_one(ids), value_set=distinct)
    rows = np.asarray(place.fill_null(-1))
    values = table.column(_ACTUAL).take(pa.array(order)).to_pylist()
    met = len(np.unique(rows[rows >= 0]))
    truth = pd.Series([None if row < 0 else values[row] for row in rows], dtype=object)
    return truth, (len(distinct) - met, table.num_rows - len(distinct))


def _actuals(path: str, kind: pa.DataType) -> pa.Table:
    table = _read_columns(path)
    arrived = table.column(_ARRIVED)
    ids, values = table.column(_ID).cast(pa.string()), table.column(_ACTUAL).cast(kind)
    return pa.table({_ID: ids, _ACTUAL: values, _ARRIVED: arrived})


def _read_columns(path: str) -> pa.Table:
    table = _read(path, (_ID, _ACTUAL, _ARRIVED))
    return table.filter(pc.and_(pc.is_valid(table.column(_ID)), pc.is_valid(table.column(_ACTUAL))))


def arriving(truth: pd.DataFrame, task: Task, at: datetime) -> pa.Table:
    """Rows of a delivery (columns `association_id`, `actual`, `amount_<column>`) as actuals that arrive at one time
    (UTC)."""
    from shopfloor.domain.labels import label_of

    known = truth[truth[_ID].notna() & truth[_ACTUAL].notna()]
    values = [label_of(value) if task.classification else float(value) for value in known[_ACTUAL]]
    ids = [label_of(value) for value in known[_ID]]
    kind = pa.string() if task.classification else pa.float64()
    when = pa.repeat(pa.scalar(at.replace(tzinfo=None), _MOMENT), len(ids))
    found = {_ID: pa.array(ids, pa.string()), _ACTUAL: pa.array(values, kind), _ARRIVED: when}
    amounts = [str(name) for name in known.columns if str(name).startswith(AMOUNT)]
    found |= {name: pa.array(known[name].to_numpy(dtype="float64"), from_pandas=True) for name in amounts}
    return pa.table(found)


def _latest(ids: pa.ChunkedArray, times: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.intp]]:
    """Distinct ids, and for each the row with the greatest time (the later row among equals)."""
    encoded = _one(ids).dictionary_encode()
    codes = np.asarray(encoded.indices)
    order = np.argsort(times, kind="stable")
    newest = np.empty(len(encoded.dictionary), dtype=np.intp)
    newest[codes[order]] = order  # the last assignment of a place stays
    return encoded.dictionary, newest


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.cast(pa.string()).combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _micros(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Microseconds since 1970; a missing time counts as the oldest."""
    values: NDArray[np.int64] = np.asarray(column.cast(pa.int64()).fill_null(0)).astype(np.int64)
    return values
