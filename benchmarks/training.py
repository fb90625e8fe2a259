"""Training and the row path, as ratios against the raw floor in the same run.

    PYTHONPATH=app python benchmarks/training.py [--rounds 3]

The rows are the demo's flights (36,000 of 2013). Floor of a training: the same encoders and
estimators on rows already in memory, nothing else. Floor of a row: scikit-learn's
`ColumnTransformer` with the same boosting. skrub is compared where it is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.threads import limited
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.training.candidates import fit
from shopfloor.training.prepared import Prepared, prepare
from shopfloor.training.records import TrainSpec
from shopfloor.training.train import fit_job, train
from shopfloor.training.trained import Trained

DEMO = Path(__file__).parent.parent / "workspace_template" / "demo" / "flights"
TEXT = ("flight_id", "carrier", "tailnum", "origin", "dest", "manufacturer", "arrived_late")
WHOLE = ("flight", "distance", "sched_minutes", "plane_year", "seats")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        spec = spec_for(Path(directory))
        train(spec, silent)  # a worker is warm: imports and first calls are done
        trained = report_training(spec, rounds)
        report_family(spec)
        report_quality(trained)
        report_rows(spec, trained)


def spec_for(directory: Path) -> TrainSpec:
    """The demo's months as parts, and the definition that the demo trains."""
    columns: tuple[Column, ...] = ()
    parts = []
    for path in sorted(DEMO.glob("*.csv.gz")):
        frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT, "str"), parse_dates=["scheduled_departure"])
        frame["scheduled_departure"] = frame["scheduled_departure"].astype("datetime64[us]")
        columns = columns or tuple(Column(name=name, type=kind(name)) for name in frame.columns)
        target = directory / f"{path.name}.parquet"
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), target, compression="zstd")
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        parts.append(PartFile(path=str(target), sha256=digest, rows=len(frame)))
    definition = ModelDefinition(
        name="late-arrival", dataset="flights", target="arrived_late", time="scheduled_departure", id="flight_id"
    )
    return TrainSpec(run="r1", definition=definition, dataset_version=1, parts=tuple(parts), columns=columns, workers=2)


def kind(name: str) -> ColumnType:
    if name == "scheduled_departure":
        return ColumnType.TIMESTAMP
    return ColumnType.TEXT if name in TEXT else ColumnType.INTEGER if name in WHOLE else ColumnType.NUMBER


def report_training(spec: TrainSpec, rounds: int) -> Trained:
    """A whole run against its own encoders and fits. One thread and CPU seconds: the figure is
    the same on a busy machine."""
    alone = replace(spec, workers=1)
    prepared = ready(alone)
    floor = min(cpu_seconds(lambda: bare(alone, prepared)) for _ in range(rounds))
    whole = min(cpu_seconds(lambda: to_bytes(train(alone, silent).model)) for _ in range(rounds))
    started = time.perf_counter()
    trained = train(spec, silent)
    wall = time.perf_counter() - started
    rows = trained.record.train_rows + trained.record.holdout_rows
    print(f"training {rows} rows: {whole:.2f} CPU s, bare encoders and fits {floor:.2f} CPU s")
    print(f"  ratio {whole / floor:.2f}, overhead {whole - floor:.2f} s")
    print(f"  with {spec.workers} threads {wall:.2f} s by the clock")
    print(f"  {trained.record.seconds}")
    return trained


def bare(spec: TrainSpec, prepared: Prepared) -> None:
    for name in ("linear", "boosting"):
        with limited(1):
            fit(name, fit_job(spec, prepared))


def report_family(spec: TrainSpec) -> None:
    """Members of a family: what is fitted, against the same fits in a plain loop."""
    definition = replace(
        spec.definition, segment_by=("origin", "dest"), training=Training(candidates=("linear",), min_rows=60)
    )
    family = replace(spec, definition=definition)
    for backend, workers in (("sequential", 1), ("loky", 2)):
        found = train(replace(family, backend=backend, workers=workers), silent)
        own = sum(one.fallback is None for one in found.record.segments)
        print(f"family, {backend}: {len(found.record.segments)} segments, {own} with a model of their own,")
        print(f"  {found.record.seconds['segments']:.2f} s for the segments")


def report_quality(trained: Trained) -> None:
    print("AUC on the last fifth of the year")
    for one in trained.record.candidates:
        print(f"  {one.name:32s} {one.metrics['roc_auc']:.4f}  {one.seconds:.2f} s")
    features, truth = plain_features(trained)
    for name, pipeline in peers().items():
        started = time.perf_counter()
        with limited(2):
            pipeline.fit(features[0], truth[0])
            took = time.perf_counter() - started
            score = roc_auc_score(truth[1], pipeline.predict_proba(features[1])[:, 1])
        with limited(1):
            single = best(partial(pipeline.predict_proba, features[1].head(1)), 5)
        print(f"  {name:32s} {score:.4f}  {took:.2f} s, one row {single * 1e3:.1f} ms")


def peers() -> dict[str, Any]:
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    columns = make_column_transformer((ordinal, make_column_selector(dtype_exclude="number")), remainder="passthrough")
    found: dict[str, Any] = {
        "ColumnTransformer + boosting": make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))
    }
    try:
        from skrub import tabular_pipeline
    except ImportError:
        return found
    return {**found, "skrub tabular_pipeline": tabular_pipeline("classifier")}


def plain_features(trained: Trained) -> tuple[list[pd.DataFrame], list[Any]]:
    """The features as a careful person would give them to scikit-learn: calendar parts by hand."""
    frames = []
    for frame in (trained.train, trained.holdout):
        at = frame["scheduled_departure"].dt
        plain = frame.drop(columns=["flight_id", "arrived_late", "scheduled_departure"])
        plain = plain.assign(minute=at.hour * 60 + at.minute, weekday=at.day_of_week)
        numbers = plain.select_dtypes("number").columns
        frames.append(plain.astype(dict.fromkeys(numbers, "float64")))
    return frames, [(one["arrived_late"] == "yes").to_numpy() for one in (trained.train, trained.holdout)]


def report_rows(spec: TrainSpec, trained: Trained) -> None:
    prepared = ready(spec)
    rows = [
        {str(name): value.to_pydatetime() if isinstance(value, pd.Timestamp) else value for name, value in row.items()}
        for row in trained.holdout.drop(columns="arrived_late").head(200).astype(object).to_dict("records")
    ]
    rows = [{name: value for name, value in row.items() if not pd.isna(value)} for row in rows]
    for name in ("linear", "boosting"):
        with limited(1):
            report_row(name, from_bytes(to_bytes(fit(name, fit_job(spec, prepared)).model)), rows)


def report_row(name: str, model: FittedModel, rows: list[dict[str, Any]]) -> None:
    assert model.encoder is not None
    encode = model.encoder.encode_row
    encoded = best(lambda: [encode(row) for row in rows], 7) / len(rows)
    single = best(lambda: [model.predict_row(row) for row in rows], 7) / len(rows)
    batch = best(lambda: model.predict_rows(rows[:32]), 7)
    print(f"one row, {name}: encoded in {encoded * 1e6:.0f} µs, predicted in {single * 1e6:.0f} µs,")
    print(f"  32 rows in {batch * 1e3:.2f} ms")


def ready(spec: TrainSpec) -> Prepared:
    return prepare(read_parts(spec.parts, spec.columns), spec.columns, spec.definition)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def silent(fraction: float, stage: str) -> None:
    """A progress that nobody watches."""


def best(work: Callable[[], object], rounds: int) -> float:
    work()
    return float(np.min([seconds(work) for _ in range(rounds)]))


if __name__ == "__main__":
    main()
