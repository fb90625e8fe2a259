"""Batch scoring: a file of rows becomes a file of predictions and an inference part."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from shopfloor.artifacts import bundle
from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import PREDICTION, SEGMENT, FittedModel
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.codec import utc
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.csv_text import safe_cell
from shopfloor.domain.errors import UsageError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.humility import HumilityCounts, counts_of
from shopfloor.domain.numbers import count
from shopfloor.domain.text import safe
from shopfloor.formats.reader import OpenTable, TableReader
from shopfloor.lake.inference_parts import MOMENT, PROBABILITY, PartWriter, inference_schema, stored_type
from shopfloor.runtime.task import Progress
from shopfloor.serving.association_ids import id_fields
from shopfloor.serving.csv_cells import safe_cells
from shopfloor.serving.decision import rule_of
from shopfloor.serving.inputs import as_written, id_labels, label_column, open_delivered, to_frame
from shopfloor.serving.records import ScoreResult, ScoreSpec
from shopfloor.workspace.durable import fsync_directory, fsync_file

Model = FittedModel | FittedFamily


def score(spec: ScoreSpec, progress: Progress) -> ScoreResult:
    """Score the file of `spec`; the output file appears whole or not at all.

    Raises `BadFile` (with line and column where one cell is to blame), `IntegrityError` for an artifact that
    is not what was signed, `UsageError` for an output name of another kind.
    """
    progress(0.0, "loading the model")
    model = load_model(spec.artifact, Path(spec.key_path))
    with tempfile.TemporaryDirectory(prefix=".score-", dir=spec.inference_staging) as folder:
        roles = manifest_of(spec.artifact, Path(spec.key_path)).roles
        expected = [*(column.name for column in needed_columns(model)), *_id_fields(spec.id, model)]
        with open_delivered(
            Path(spec.input_path), spec.name, Path(folder), spec.contract, expected, spec.memory_mb
        ) as table:
            reader = table.read(_wanted(spec, model, table), roles)
            return _Scoring(spec, model, reader).run(progress)


def load_model(artifact: ArtifactFile, key_path: Path) -> Model:
    """The verified model of an artifact."""
    model = bundle.load(artifact, load_or_create_key(key_path))
    if not isinstance(model, FittedModel | FittedFamily):
        raise TypeError(f"artifact {artifact.sha256[:12]} holds a {type(model).__name__}")
    return model


def manifest_of(artifact: ArtifactFile, key_path: Path) -> ArtifactManifest:
    """The verified manifest of an artifact."""
    return bundle.verify(artifact, load_or_create_key(key_path))


def needed_columns(model: Model) -> tuple[Column, ...]:
    """What a model reads of a row: its features, and the columns that choose its segment."""
    return (*model.columns, *(Column(name=name, type=ColumnType.TEXT) for name in _keys(model)))


def _id_fields(name: str | None, model: Model) -> tuple[str, ...]:
    return id_fields(name, {column.name for column in needed_columns(model)})


def _keys(model: Model) -> list[str]:
    """The columns that choose a segment and are no features."""
    known = {column.name for column in model.columns}
    return [name for name in getattr(model, "segment_by", ()) if name not in known]


def _wanted(spec: ScoreSpec, model: Model, table: OpenTable) -> tuple[Column, ...]:
    """Features and keys, then columns that may hold the association id: as the dataset writes them."""
    keys = [label_column(name, spec.contract, table) for name in _keys(model)]
    needed = (*as_written(model.columns, spec.contract), *keys)
    taken = {column.name for column in needed}
    ids = [name for name in _id_fields(spec.id, model) if name not in taken and table.has(name)]
    return (*needed, *(label_column(name, spec.contract, table) for name in ids))


class _Scoring:
    """One pass over a file: read a chunk, predict it, write it twice."""

    def __init__(self, spec: ScoreSpec, model: Model, inputs: TableReader) -> None:
        self._spec = spec
        self._model = model
        self._inputs = inputs
        self._rule = rule_of(model, spec.artifact, spec.threshold, spec.humility)
        self._humility = HumilityCounts()
        self._needed = inputs.plan.columns[: len(needed_columns(model))]
        self._made_ids = 0

    def run(self, progress: Progress) -> ScoreResult:
        spec, classes = self._spec, self._model.classes
        staging = Path(spec.inference_staging)
        progress(0.0, "counting rows")
        total = self._inputs.rows
        done = 0
        with (
            PartWriter(staging, inference_schema(self._model.columns, classes)) as part,
            OutputWriter(Path(spec.output_path), output_schema(classes), raw=spec.raw) as output,
        ):
            for batch in self._inputs.batches():
                self._write(batch, done, part, output)
                done += batch.num_rows
                progress(done / total if total else 1.0, f"scored {count(done)} of {count(total)} rows")
            staged = part.finish()
            output.finish()
        return self._result(done, staged, output.changed)

    def _result(self, rows: int, part: Any, changed: int) -> ScoreResult:
        spec = self._spec
        return ScoreResult(
            model=spec.artifact.model,
            model_version=spec.artifact.version,
            rows=rows,
            output_path=spec.output_path,
            ignored=self._inputs.ignored,
            absent=self._inputs.absent,
            notices=self._inputs.table.file.notices,
            made_ids=self._made_ids,
            changed=changed,
            humility=self._humility,
            probabilities=tuple(f"{PROBABILITY}{label}" for label in self._model.classes),
            part=part,
            first_at=utc(spec.at) if rows else None,
            last_at=utc(spec.at) if rows else None,
        )

    def _write(self, batch: pa.RecordBatch, before: int, part: PartWriter, output: OutputWriter) -> None:
        rows = batch.num_rows
        predicted = self._model.predict_frame(to_frame(batch, self._needed))
        ids = self._ids(batch, before)
        segment = pa.array(predicted[SEGMENT], pa.string()) if SEGMENT in predicted else pa.nulls(rows, pa.string())
        kind = pa.string() if self._model.classes else pa.float64()
        inputs = [
            batch.column(place).cast(stored_type(column.type)) for place, column in enumerate(self._model.columns)
        ]
        named = {column.name: array for column, array in zip(self._model.columns, inputs, strict=True)}
        served = self._rule.decide(predicted, named)
        said, prediction = pa.array(predicted[PREDICTION], kind), pa.array(served.predictions, kind)
        humility = pa.array(served.humility, pa.string())
        self._humility += counts_of(Counter(zip(served.humility, served.actions, strict=True)))
        action = pa.array(served.actions, pa.string())
        threshold = pa.repeat(pa.scalar(self._rule.applied, pa.float64()), rows)
        probabilities = [pa.array(predicted[f"{PROBABILITY}{label}"], pa.float64()) for label in self._model.classes]
        version = pa.repeat(pa.scalar(self._spec.artifact.version, pa.int64()), rows)
        at = pa.repeat(pa.scalar(utc(self._spec.at).replace(tzinfo=None), MOMENT), rows)
        source = pa.repeat(pa.scalar(self._spec.source, pa.string()), rows)
        name = pa.repeat(pa.scalar(self._spec.artifact.model, pa.string()), rows)
        decided = [prediction, said, threshold, humility, action, pa.nulls(rows, pa.float64())]
        part.write([ids, at, version, segment, *decided, *probabilities, source, *inputs])
        output.write([ids, name, version, segment, prediction, *probabilities])

    def _ids(self, batch: pa.RecordBatch, before: int) -> pa.Array:
        """Association ids; a row without one gets an id of its place, which both files show."""
        names = [column.name for column in self._inputs.plan.columns]
        spec, table = self._spec, self._inputs.table
        named = [
            id_labels(batch.column(names.index(name)), name, spec.id, spec.contract, table)
            for name in _id_fields(spec.id, self._model)
            if name in names
        ]
        given = pc.coalesce(*named) if named else pa.nulls(batch.num_rows, pa.string())
        if given.null_count == 0:
            return given
        self._made_ids += given.null_count
        rows = pa.array(range(before + 1, before + 1 + batch.num_rows)).cast(pa.string())
        return pc.coalesce(given, pc.binary_join_element_wise(f"{spec.origin}-", rows, ""))


class OutputWriter:
    """The file that people and programs read, CSV or Parquet by its name; renamed when whole."""

    def __init__(self, path: Path, schema: pa.Schema, *, raw: bool = False) -> None:
        self.changed = 0  # cells that were made safe
        self._guarded = path.suffix.lower() == ".csv" and not raw
        self._path = path
        if self._guarded:
            made = [field.with_name(safe_cell(field.name)) for field in schema]  # a class's label is foreign text
            self.changed = sum(new.name != old.name for new, old in zip(made, schema, strict=True))
            schema = pa.schema(made)
        self._schema = schema
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        suffix = path.suffix.lower()
        self._writer: Any
        if suffix == ".csv":
            self._writer = pcsv.CSVWriter(self._temporary, schema)
        elif suffix == ".parquet":
            self._writer = pq.ParquetWriter(self._temporary, schema, compression="zstd")
        else:
            raise UsageError(
                f"Predictions cannot be written to {safe(path.name, 120)!r}.",
                hint="Give an output name that ends in .csv or .parquet.",
                code="output_format",
            )

    def __enter__(self) -> OutputWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(pa.ArrowException, OSError):  # closing twice is an error for one of the two
            self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, columns: Sequence[pa.Array]) -> None:
        """Append rows: one array a column of the schema, in its order."""
        if self._guarded:
            made = [safe_cells(column) for column in columns]
            self.changed += sum(changed for _, changed in made)
            columns = [column for column, _ in made]
        self._writer.write_table(pa.Table.from_arrays(list(columns), schema=self._schema))

    def finish(self) -> None:
        """Put the whole file in place, durably."""
        self._writer.close()
        fsync_file(self._temporary)
        os.replace(self._temporary, self._path)
        fsync_directory(self._path.parent)


def output_schema(classes: Sequence[str]) -> pa.Schema:
    """The prediction columns, in the contract's order."""
    return pa.schema(
        [
            ("association_id", pa.string()),
            ("model", pa.string()),
            ("model_version", pa.int64()),
            (SEGMENT, pa.string()),
            (PREDICTION, pa.string() if classes else pa.float64()),
            *((f"{PROBABILITY}{label}", pa.float64()) for label in classes),
        ]
    )
