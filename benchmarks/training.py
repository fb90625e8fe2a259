"""Training and the row path against bare encoders, fits and scikit-learn's pipeline.

The rows are the demo's flights (36,000 of 2013). Floor of a training: the same encoders and
estimators on rows already in memory, nothing else. Floor of a row and of the quality: scikit-learn's
`ColumnTransformer` with the same boosting.
"""

from __future__ import annotations

import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from benchmarks.figure import Figure, cpu_seconds, seconds
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.pickling import from_bytes, to_bytes
from shopfloor.artifacts.threads import limited
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Training
from shopfloor.domain.handles import PartFile
from shopfloor.lake.frame import read_parts
from shopfloor.training.candidates.registry import fit
from shopfloor.training.prepared import Prepared, prepare
from shopfloor.training.records import TrainSpec
from shopfloor.training.train import fit_job, train
from shopfloor.training.trained import Trained

DEMO = Path(__file__).parent.parent / "workspace_template" / "demo" / "flights"
TEXT = ("flight_id", "carrier", "tailnum", "origin", "dest", "manufacturer", "arrived_late")
WHOLE = ("flight", "distance", "sched_minutes", "plane_year", "seats")


def run(smoke: bool) -> list[Figure]:
    """The best of some rounds; one thread and CPU seconds where the figure allows it."""
    rounds = 1 if smoke else 3
    with tempfile.TemporaryDirectory(prefix="shopfloor-bench-") as directory:
        spec = spec_for(Path(directory), 1 if smoke else 12)
        trained = train(spec, silent)  # a worker is warm: imports and first calls are done
        return [_training(spec, rounds), _family(spec), *_beside_scikit_learn(spec, trained)]


def spec_for(directory: Path, months: int) -> TrainSpec:
    """The first of the demo's months as parts, and the definition that the demo trains."""
    columns: tuple[Column, ...] = ()
    parts = []
    for path in sorted(DEMO.glob("*.csv.gz"))[:months]:
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


def _training(spec: TrainSpec, rounds: int) -> Figure:
    """A whole run against its own encoders and fits, of every block and of all rows."""
    alone = replace(spec, workers=1)
    prepared, chosen = ready(alone), str(train(alone, silent).record.params["candidate"])
    floor = min(cpu_seconds(lambda: bare(alone, prepared, chosen)) for _ in range(rounds))
    whole = min(cpu_seconds(lambda: to_bytes(train(alone, silent).model)) for _ in range(rounds))
    return Figure("training, cpu", whole, "s", floor, at_most=1.5)


def bare(spec: TrainSpec, prepared: Prepared, chosen: str) -> None:
    with limited(1):
        for block in prepared.parted.blocks:
            for name in ("linear", "boosting"):
                fit(name, fit_job(spec, prepared, block))
        fit(chosen, fit_job(spec, prepared.judged_by_all()))


def _family(spec: TrainSpec) -> Figure:
    """Members of a family in two processes, against the same fits in a plain loop."""
    definition = replace(
        spec.definition, segment_by=("origin", "dest"), training=Training(candidates=("linear",), min_rows=60)
    )
    taken = [
        train(replace(spec, definition=definition, backend=backend, workers=workers), silent).record.seconds["segments"]
        for backend, workers in (("loky", 2), ("sequential", 1))
    ]
    return Figure("segments in two processes", taken[0], "s", taken[1], at_most=1.1)


def _beside_scikit_learn(spec: TrainSpec, trained: Trained) -> list[Figure]:
    """Quality on the newest rows, and the prediction of one row."""
    features, truth = plain_features(trained)
    pipeline = scikit_learns()
    with limited(1):
        pipeline.fit(features[0], truth[0])
        score = float(roc_auc_score(truth[1], pipeline.predict_proba(features[1])[:, 1]))
        one = min(seconds(partial(pipeline.predict_proba, features[1].head(1))) for _ in range(10))
    chosen = next(one for one in trained.record.candidates if one.name == trained.record.chosen)
    ours = (chosen.blocks[-1] if chosen.blocks else chosen.metrics["roc_auc"]) or 0.0
    prepared, rows = ready(spec), holdout_rows(trained)
    return [
        Figure("AUC on the newest rows", ours, "", score, at_least=0.99),
        *(_row(name, spec, prepared, rows, one) for name in ("linear", "boosting")),
    ]


def scikit_learns() -> Pipeline:
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    columns = make_column_transformer((ordinal, make_column_selector(dtype_exclude="number")), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingClassifier(random_state=0))


def plain_features(trained: Trained) -> tuple[list[pd.DataFrame], list[Any]]:
    """The features of the newest block, after those of the rows before it, as a careful person would give them to
    scikit-learn: calendar parts by hand.
    """
    newest = trained.holdout[trained.block == trained.block.max()]
    sides = (trained.rows[~trained.rows.index.isin(newest.index)], newest)
    frames = []
    for frame in sides:
        at = frame["scheduled_departure"].dt
        plain = frame.drop(columns=["flight_id", "arrived_late", "scheduled_departure"])
        plain = plain.assign(minute=at.hour * 60 + at.minute, weekday=at.day_of_week)
        numbers = plain.select_dtypes("number").columns
        frames.append(plain.astype(dict.fromkeys(numbers, "float64")))
    return frames, [(one["arrived_late"] == "yes").to_numpy() for one in sides]


def holdout_rows(trained: Trained) -> list[dict[str, Any]]:
    """Rows as a REST client sends them."""
    frame = trained.holdout.drop(columns="arrived_late").head(200).astype(object)
    return [
        {
            str(name): value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
            if not pd.isna(value)
        }
        for row in frame.to_dict("records")
    ]


def _row(name: str, spec: TrainSpec, prepared: Prepared, rows: list[dict[str, Any]], floor: float) -> Figure:
    with limited(1):
        model: FittedModel = from_bytes(to_bytes(fit(name, fit_job(spec, prepared)).model))
        taken = min(seconds(lambda: [model.predict_row(row) for row in rows]) for _ in range(7)) / len(rows)
    return Figure(f"one row, {name}", taken * 1e6, "µs", floor * 1e6, at_most=0.2)


def ready(spec: TrainSpec) -> Prepared:
    return prepare(read_parts(spec.parts, spec.columns), spec.columns, spec.definition)


def silent(fraction: float, stage: str) -> None:
    """A progress that nobody watches."""
