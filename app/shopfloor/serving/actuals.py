"""Ground truth that arrives later: a delivered file becomes an actuals part."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.file import Reason
from shopfloor.domain.labels import label_of
from shopfloor.domain.text import listed, safe
from shopfloor.formats.reader import OpenTable, TableReader
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.lake.actuals import ACTUAL, write_actuals
from shopfloor.runtime.task import Progress
from shopfloor.serving.association_ids import ID
from shopfloor.serving.inputs import as_written, id_labels, label_column, open_delivered
from shopfloor.serving.records import ActualsResult, ActualsSpec


def read_actuals(spec: ActualsSpec, progress: Progress) -> ActualsResult:
    """Read the file of `spec`: the id column and the target column, or `association_id, actual`.

    Of several rows with one id the last counts. Raises `DataError` when the columns are not there
    or no label is a class of the model, `BadFile` for a cell that does not fit or a row without an id.
    """
    progress(0.0, "reading actuals")
    with tempfile.TemporaryDirectory(prefix=".actuals-", dir=spec.staging) as folder:
        expected = [name for name in (spec.id, ID, spec.target, ACTUAL, *spec.amounts) if name]
        with open_delivered(
            Path(spec.input_path), spec.name, Path(folder), spec.contract, expected, spec.memory_mb
        ) as table:
            inputs = _columns(spec, table)
            actuals, amounts, empty, rows = _collect(inputs, spec)
    progress(0.7, "writing actuals")
    known = set(spec.classes)
    foreign = [label for label in actuals.values() if label not in known] if known else []
    if foreign and len(foreign) == len(actuals):
        raise _no_class(spec, foreign)
    part = write_actuals(actuals, spec.task, Path(spec.staging), spec.arrived_at, amounts)
    progress(1.0, "done")
    return ActualsResult(
        model=spec.model,
        rows=len(actuals),
        part=part,
        ignored=inputs.ignored,
        notices=inputs.table.file.notices,
        empty=empty,
        repeated=rows - empty - len(actuals),
        foreign=len(foreign),
    )


def _columns(spec: ActualsSpec, table: OpenTable) -> TableReader:
    """The id column, the target column, and those of amounts that the file has."""
    key = _first([name for name in (spec.id, ID) if name], table, spec, "an association id")
    actual = _first([spec.target, ACTUAL], table, spec, "an actual value")
    if spec.task.classification:
        column = label_column(spec.target, spec.contract, table, actual)
    else:
        (column,) = as_written([Column(name=spec.target, type=ColumnType.NUMBER)], spec.contract)
    truth = msgspec.structs.replace(column, name=actual)
    return table.read((label_column(key, spec.contract, table), truth, *_amounts(spec, table, {key, actual})))


def _amounts(spec: ActualsSpec, table: OpenTable, taken: set[str]) -> tuple[Column, ...]:
    others = (name for name in spec.amounts if name not in ColumnNames(taken) and table.has(name))
    return as_written([Column(name=name, type=ColumnType.NUMBER) for name in others], spec.contract)


def _first(names: Sequence[str], table: OpenTable, spec: ActualsSpec, what: str) -> str:
    found = next((name for name in names if table.has(name)), None)
    if found is not None:
        return found
    raise BadFile(
        Reason(
            code="missing_column",
            message=f"{safe(spec.name, 120)} has no column with {what} for model {spec.model}.",
            hint=f"Name it {' or '.join(repr(name) for name in dict.fromkeys(names))}. "
            f"The file has: {listed(table.names, 12)}.",
            column=names[0],
        )
    )


def _collect(
    inputs: TableReader, spec: ActualsSpec
) -> tuple[dict[str, str | float], dict[str, dict[str, float]], int, int]:
    """Actuals by id (the last one counts), the amounts beside them, rows without an actual, and all rows."""
    actuals: dict[str, str | float] = {}
    amounts: dict[str, dict[str, float]] = {column.name: {} for column in inputs.plan.columns[2:]}
    empty = rows = 0
    for batch in inputs.batches():
        ids = _ids(batch, inputs, rows, spec)
        came = [(known, batch.column(place).to_pylist()) for place, known in enumerate(amounts.values(), 2)]
        for row, (key, value) in enumerate(zip(ids, _actuals(batch, spec.task.classification), strict=True)):
            if value is None:
                empty += 1
            else:
                actuals.pop(key, None)  # so that the order is that of the counting rows
                actuals[key] = value
                for known, values in came:
                    known[key] = values[row]
        rows += batch.num_rows
    return actuals, amounts, empty, rows


def _ids(batch: pa.RecordBatch, inputs: TableReader, before: int, spec: ActualsSpec) -> list[str]:
    column = inputs.plan.columns[0].name
    ids = id_labels(batch.column(0), column, spec.id, spec.contract, inputs.table)
    if ids.null_count:
        place = inputs.place(before + ids.is_null().index(True).as_py())
        where = f"Line {place.line}" if place.line is not None else f"Row {place.row}"
        raise BadFile(
            Reason(
                code="missing_id",
                message=f"{where} has no {safe(column, 80)!r}, so its actual matches no prediction.",
                hint="Give every row the association id of its prediction.",
                line=place.line,
                column=column,
            )
        )
    found: list[str] = ids.to_pylist()
    return found


def _actuals(batch: pa.RecordBatch, classification: bool) -> list[Any]:
    """Classes as text, the way training names them; numbers for regression stay numbers."""
    values: list[Any] = batch.column(1).to_pylist()
    return [label_of(value) for value in values] if classification else values


def _no_class(spec: ActualsSpec, foreign: Sequence[str | float]) -> DataError:
    found = ", ".join(repr(safe(label, 40)) for label in list(dict.fromkeys(foreign))[:5])
    valid = ", ".join(repr(safe(label, 40)) for label in spec.classes[:12])
    return DataError(
        f"No actual in {safe(spec.name, 120)} is a class of model {spec.model}: found {found}.",
        hint=f"Write the classes as in the training data: {valid}.",
        code="unknown_class",
    )
