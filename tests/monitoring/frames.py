"""Rows with a season, and parts on disk, for the monitoring tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace
from numpy.typing import NDArray

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import ModelDefinition, Monitoring, Task
from shopfloor.domain.handles import PartFile
from shopfloor.domain.monitor import CheckResult
from shopfloor.domain.service import RequestCounts
from shopfloor.monitoring.check_context import (
    CheckContext,
    InputRows,
    KnownOutcomes,
    ReplayedVersions,
    RescoredAnswers,
    ServedRequests,
    StoredPredictions,
)
from shopfloor.monitoring.records import Joined, Reference
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.statistics.predictions import Predictions

FEATURES = (
    Column(name="temp", type=ColumnType.NUMBER),
    Column(name="distance", type=ColumnType.INTEGER),
    Column(name="delay", type=ColumnType.NUMBER),
    Column(name="noise", type=ColumnType.NUMBER),
    Column(name="carrier", type=ColumnType.TEXT),
    Column(name="tail", type=ColumnType.TEXT),
    Column(name="open", type=ColumnType.BOOLEAN),
)
COLUMNS = (
    *FEATURES,
    Column(name="at", type=ColumnType.TIMESTAMP),
    Column(name="id", type=ColumnType.TEXT),
    Column(name="late", type=ColumnType.TEXT),
)
DEFINITION = ModelDefinition(name="m", dataset="d", target="late", time="at", id="id", task=Task.BINARY)
START = np.datetime64("2013-01-01", "us")
DAY = np.timedelta64(1, "D").astype("timedelta64[us]")


def month(number: int, rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """Rows of month `number` (0 is January 2013): temperature follows the season, the rest does not."""
    rng = np.random.default_rng([seed, number])
    day = np.sort(rng.uniform(0, 30, rows)) + 30.4 * number
    season = -np.cos(2 * np.pi * day / 365)
    temp = 55 + 22 * season + rng.normal(0, 7, rows)
    distance = rng.choice([200, 300, 550, 720, 1000, 1400, 2400], rows) + rng.integers(0, 60, rows)
    score = 0.02 * (temp - 55) + distance / 2000 + rng.normal(0, 1, rows)
    return pd.DataFrame(
        {
            "temp": temp.round(1),
            "distance": distance,
            "delay": np.where(rng.random(rows) < 0.85, 0.0, rng.exponential(1, rows)),
            "noise": np.where(rng.random(rows) < 0.03, np.nan, rng.normal(size=rows)),
            "carrier": rng.choice(["UA", "B6", "EV", "DL", "YV"], rows, p=[0.35, 0.3, 0.2, 0.14, 0.01]).astype(object),
            "tail": np.array([f"N{one}" for one in rng.integers(0, 3000, rows)], dtype=object),
            "open": rng.random(rows) < 0.4,
            "at": START + (day * 86_400_000_000).astype("timedelta64[us]"),
            "id": np.array([f"{number}-{one}" for one in range(rows)], dtype=object),
            "late": np.where(score > 0.9, "yes", "no").astype(object),
        }
    )


def months(numbers: Sequence[int], rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """Several months in one frame."""
    return pd.concat([month(number, rows, seed) for number in numbers], ignore_index=True)


def answers_of(frame: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """What a fair model would say of `frame`."""
    rng = np.random.default_rng(seed)
    score = 0.02 * (frame["temp"] - 55) + frame["distance"] / 2000 + rng.normal(0, 0.3, len(frame))
    chance = (1 / (1 + np.exp(-2 * (score - 0.9)))).to_numpy()
    return pd.DataFrame(
        {
            "prediction": np.where(chance >= 0.5, "yes", "no").astype(object),
            "probability_no": 1 - chance,
            "probability_yes": chance,
        }
    )


def reference_of(frame: pd.DataFrame, *, timed: bool = True, holdout: pd.DataFrame | None = None) -> Reference:
    """The reference of a model that learnt `frame`."""
    held = None if holdout is None else Holdout(answers_of(holdout), holdout["late"], holdout["at"])
    return build_reference(
        frame,
        FEATURES,
        model="m",
        task=Task.BINARY,
        metric="roc_auc",
        classes=("no", "yes"),
        positive="yes",
        time=frame["at"] if timed else None,
        importances={"temp": 3.0, "distance": 2.0, "carrier": 1.0, "noise": 0.0},
        holdout=held,
        created_at=datetime(2013, 1, 1, tzinfo=UTC),
    )


def moment(number: int) -> datetime:
    """The middle of month `number`."""
    found: datetime = (START + (30.4 * number + 15) * DAY).astype("datetime64[s]").item()
    return found.replace(tzinfo=UTC)


def checked_at(number: int) -> datetime:
    """When the delivery of month `number` is checked: two weeks after its middle."""
    return moment(number + 1)


def context(
    reference: Reference,
    number: int,
    *,
    frame: pd.DataFrame | None = None,
    predictions: Predictions | None = None,
    outcomes: Predictions | None = None,
    rescored: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    replayed: ReplayedVersions | None = None,
    labelled: Predictions | None = None,
    seconds: NDArray[np.float64] | None = None,
    asked: Sequence[RequestCounts] = (),
    joined: Joined | None = None,
    history: Sequence[CheckResult] = (),
    settings: Monitoring | None = None,
    version: int = 1,
) -> CheckContext:
    """What the checks of month `number` are given."""
    about = moment(number)
    source, data = "data", str(number)
    rows = predicted = known = None
    if frame is not None:
        rows = InputRows(source=source, data=data, moment=about, frame=frame)
    if predictions is not None:
        predicted = StoredPredictions(source=source, data=data, moment=about, predictions=predictions, inputs=rows)
    if outcomes is not None:
        joined = joined or Joined(predictions=len(outcomes), matched=len(outcomes.known()))
        known = KnownOutcomes(source="inference", data=data, moment=about, predictions=outcomes.known(), joined=joined)
    delivered = None
    if labelled is not None:
        usable = labelled.labelled() & labelled.sound()
        delivered = KnownOutcomes(
            data=data,
            moment=about,
            predictions=labelled.take(usable),
            joined=Joined(predictions=len(labelled), matched=len(labelled)),
            places=np.flatnonzero(usable),
        )
    requests = None
    if seconds is not None:
        requests = ServedRequests(source="inference", data=data, moment=about, seconds=seconds)
    again = None
    if rescored is not None:
        logged, said = (one.reset_index(drop=True) for one in rescored)
        again = RescoredAnswers(
            source="inference",
            data=data,
            moment=about,
            ids=[str(place) for place in range(len(logged))],
            logged=logged,
            again=said,
            served=pd.Series([None] * len(logged), dtype=object),
        )
    return CheckContext(
        definition=replace(DEFINITION, monitoring=settings or Monitoring()),
        model_version=version,
        reference=reference,
        at=checked_at(number),
        history=history,
        rows=rows,
        predictions=predicted,
        outcomes=known,
        labelled=delivered,
        rescored=again,
        requests=requests,
        asked=asked,
        replayed=replayed,
    )


def drift(
    reference: Reference,
    number: int,
    frame: pd.DataFrame,
    history: Sequence[CheckResult] = (),
    settings: Monitoring | None = None,
    version: int = 1,
) -> list[CheckResult]:
    """Drift results of the delivery of month `number`."""
    return check_all(context(reference, number, frame=frame, history=history, settings=settings, version=version))


def shifted(results: Sequence[CheckResult]) -> set[str]:
    """Features that are SHIFTED."""
    return {result.feature or result.check for result in results if result.verdict.value == "shifted"}


def data_part(folder: Path, frame: pd.DataFrame, columns: Sequence[Column] = COLUMNS) -> PartFile:
    """The frame as a part of the dataset."""
    table = pa.Table.from_pandas(frame[[column.name for column in columns]], preserve_index=False)
    return _written(folder, table)


def inference_part(
    folder: Path,
    frame: pd.DataFrame,
    answers: pd.DataFrame,
    *,
    version: int = 1,
    at: datetime | None = None,
) -> str:
    """Stored predictions: all made at `at`, or each at its row's own time."""
    when = frame["at"].to_numpy() if at is None else np.full(len(frame), np.datetime64(at.replace(tzinfo=None), "us"))
    table = pa.table(
        {
            "association_id": pa.array(frame["id"], pa.string()),
            "at": pa.array(when, pa.timestamp("us")),
            "model_version": pa.array([version] * len(frame), pa.int64()),
            "segment": pa.array([""] * len(frame), pa.string()),
            **{name: pa.array(answers[name]) for name in answers.columns},
            "source": pa.array(["batch"] * len(frame), pa.string()),
            **{f"input_{one.name}": pa.array(frame[one.name], from_pandas=True) for one in FEATURES},
        }
    )
    return _written(folder, table).path


def actuals_part(folder: Path, ids: Sequence[str], actual: Sequence[object], arrived: datetime) -> str:
    """Ground truth that arrived at one time."""
    kind = pa.string() if isinstance(actual[0], str) else pa.float64()
    when = np.full(len(ids), np.datetime64(arrived.replace(tzinfo=None), "us"))
    table = pa.table(
        {
            "association_id": pa.array(list(ids), pa.string()),
            "actual": pa.array(list(actual), kind),
            "arrived_at": pa.array(when, pa.timestamp("us")),
        }
    )
    return _written(folder, table).path


def _written(folder: Path, table: pa.Table) -> PartFile:
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    pq.write_table(table, path)
    return PartFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest(), rows=table.num_rows)


def silent(share: float, stage: str) -> None:
    """A progress that nobody watches."""
