"""Inference and actuals parts: Parquet files with one fixed layout.

Times are stored as everywhere in the lake: microseconds in UTC, without a zone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.ids import ulid
from shopfloor.domain.moments import InvalidValue, iso_moment
from shopfloor.domain.text import safe
from shopfloor.lake.inference_log import LogRecord
from shopfloor.lake.table import arrow_type
from shopfloor.workspace.digests import file_sha256
from shopfloor.workspace.durable import fsync_directory, fsync_file

MOMENT = pa.timestamp("us")
PROBABILITY = "probability_"
AMOUNT = "amount_"
MODEL_PREDICTION = "model_prediction"
HUMILITY, HUMILITY_ACTION = "humility", "humility_action"


def stored_type(kind: ColumnType) -> pa.DataType:
    """How values of a column type are stored: texts are short here, unlike those that a table is read with."""
    return pa.string() if kind is ColumnType.TEXT else arrow_type(kind)


def inference_schema(features: Sequence[Column], classes: Sequence[str]) -> pa.Schema:
    """The layout of an inference part; `classes` is empty for regression.

    `prediction` is what was served, `model_prediction` what the model said; the two differ where a `threshold` decided.
    `seconds` is how long the request took; a file is none. Parts of earlier versions lack the second and the third,
    what `humility` says and did, and `seconds`.
    """
    label = pa.string() if classes else pa.float64()
    return pa.schema(
        [
            ("association_id", pa.string()),
            ("at", MOMENT),
            ("model_version", pa.int64()),
            ("segment", pa.string()),
            ("prediction", label),
            (MODEL_PREDICTION, label),
            ("threshold", pa.float64()),
            (HUMILITY, pa.string()),
            (HUMILITY_ACTION, pa.string()),
            ("seconds", pa.float64()),
            *((f"{PROBABILITY}{label}", pa.float64()) for label in classes),
            ("source", pa.string()),
            *((f"input_{feature.name}", stored_type(feature.type)) for feature in features),
        ]
    )


def actuals_schema(classification: bool, amounts: Iterable[str] = ()) -> pa.Schema:
    """The layout of an actuals part; `amounts` are the columns that terms of value name and that came along."""
    actual = pa.string() if classification else pa.float64()
    came = [(f"{AMOUNT}{name}", pa.float64()) for name in amounts]
    return pa.schema([("association_id", pa.string()), ("actual", actual), ("arrived_at", MOMENT), *came])


class PartWriter:
    """Writes one part into a staging directory; `finish` names it by its content.

    As a context manager it removes what was not finished.
    """

    def __init__(self, staging: Path, schema: pa.Schema) -> None:
        self._staging = staging
        self._path = staging / f".{ulid()}.tmp"
        self._schema = schema
        self._writer = pq.ParquetWriter(self._path, schema, compression="zstd")
        self._rows = 0

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        self._path.unlink(missing_ok=True)

    def write(self, columns: Sequence[pa.Array]) -> None:
        """Append rows: one array a column of the schema, in its order."""
        table = pa.Table.from_arrays(list(columns), schema=self._schema)
        self._writer.write_table(table)
        self._rows += table.num_rows

    def finish(self) -> PartFile | None:
        """Close, make durable and name the part `<sha256>.parquet`; None when it has no rows."""
        self._writer.close()
        if not self._rows:
            return None
        digest = file_sha256(self._path)
        target = self._staging / f"{digest}.parquet"
        fsync_file(self._path)
        os.replace(self._path, target)
        fsync_directory(self._staging)
        return PartFile(path=str(target), sha256=digest, rows=self._rows)


def to_part(records: Sequence[LogRecord], features: Sequence[Column], staging: Path) -> PartFile | None:
    """Drained records of one model version as an inference part with source `rest`.

    `features` are that version's columns. None without records. Raises `DataError` when a logged
    value does not fit its column, which only a record of another version can cause.
    """
    classes = list(dict.fromkeys(label for record in records for label in record.probabilities))
    schema = inference_schema(features, classes)
    arrays = [
        pa.array([record.association_id for record in records], pa.string()),
        pa.array([_plain(record.at) for record in records], MOMENT),
        pa.array([record.model_version for record in records], pa.int64()),
        pa.array([record.segment for record in records], pa.string()),
        pa.array([record.prediction for record in records], schema.field("prediction").type),
        pa.array([_said(record) for record in records], schema.field(MODEL_PREDICTION).type),
        pa.array([record.threshold for record in records], pa.float64()),
        pa.array([record.humility for record in records], pa.string()),
        pa.array([record.humility_action for record in records], pa.string()),
        pa.array([record.seconds for record in records], pa.float64()),
        *(pa.array([record.probabilities.get(label) for record in records], pa.float64()) for label in classes),
        pa.array(["rest"] * len(records), pa.string()),
        *(column_array([record.inputs.get(feature.name) for record in records], feature) for feature in features),
    ]
    with PartWriter(staging, schema) as writer:
        writer.write(arrays)
        return writer.finish()


def _said(record: LogRecord) -> str | float | None:
    return record.prediction if record.model_prediction is None else record.model_prediction


def column_array(values: Iterable[Any], column: Column) -> pa.Array:
    """Plain values as the column's type; times may be ISO text. Raises `DataError`."""
    try:
        if column.type.temporal:
            values = [None if value is None else _moment(value) for value in values]
        return pa.array(values, stored_type(column.type))
    except (pa.ArrowInvalid, pa.ArrowTypeError, InvalidValue) as error:
        raise DataError(
            f"Values of {safe(column.name, 80)!r} are no {column.type.value}: {safe(error, 160)}.",
            hint="Give each value the type of the model version's column.",
            code="wrong_type",
        ) from error


def _moment(value: str | datetime | date) -> datetime:
    if isinstance(value, str):
        found = iso_moment(value)
        if found is None:
            raise InvalidValue
        return found
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  (stored without a zone)
    return _plain(value)


def _plain(value: datetime) -> datetime:
    """Arrow would refuse a mixture of times with and without a zone."""
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
