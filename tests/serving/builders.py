"""Small real models in a real workspace, made through the real artifact room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from shopfloor.artifacts import bundle
from shopfloor.artifacts.encoder import TableEncoder
from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.fitted import FittedModel
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest, FeatureField
from shopfloor.artifacts.pickling import to_bytes
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.ids import ulid
from shopfloor.serving import tokens
from shopfloor.serving.deployment import Deployment, write_deployment
from shopfloor.workspace.layout import Layout

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

FEATURES = (
    FeatureField(name="distance", kind="number", type=ColumnType.INTEGER, nullable=False),
    FeatureField(name="temp", kind="number", type=ColumnType.NUMBER),
    FeatureField(name="holiday", kind="boolean", type=ColumnType.BOOLEAN),
    FeatureField(name="carrier", kind="category", type=ColumnType.TEXT, nullable=False, levels=("AA", "DL", "UA")),
    FeatureField(name="departure", kind="date", type=ColumnType.TIMESTAMP),
)


def columns() -> tuple[Column, ...]:
    """The features as typed columns."""
    return tuple(Column(name=f.name, type=f.type, nullable=f.nullable) for f in FEATURES)


def rows_frame(count: int, seed: int = 0) -> pd.DataFrame:
    """Typed rows as the lake would deliver them, with missing values where a feature allows them."""
    rng = np.random.default_rng(seed)
    holiday = pd.array(rng.random(count) < 0.3, dtype="boolean")
    holiday[rng.random(count) < 0.1] = pd.NA
    departure = pd.Series(np.datetime64("2026-01-01T00:00:00", "us") + rng.integers(0, 5_000_000, count) * 1_000_000)
    departure[rng.random(count) < 0.05] = pd.NaT
    return pd.DataFrame(
        {
            "distance": rng.integers(100, 4000, count),
            "temp": np.where(rng.random(count) < 0.1, np.nan, rng.normal(15, 8, count).round(2)),
            "holiday": holiday,
            "carrier": rng.choice(np.array(["AA", "DL", "UA"], dtype=object), count),
            "departure": departure.astype("datetime64[us]"),
        }
    )


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as a JSON client would send them."""
    found = []
    for record in frame.to_dict("records"):
        row = {name: None if pd.isna(value) else value for name, value in record.items()}
        if isinstance(row.get("departure"), pd.Timestamp):
            row["departure"] = row["departure"].isoformat()
        if row.get("holiday") is not None:
            row["holiday"] = bool(row["holiday"])
        found.append(row)
    return found


def late(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """A learnable target: 1 for far and cold."""
    noise = np.random.default_rng(len(frame)).normal(0, 600, len(frame))
    return (frame["distance"] - 60 * frame["temp"].fillna(10) + noise > 1200).to_numpy().astype(int)


def classifier(kind: str = "boosting", seed: int = 0, name: str = "late-arrival") -> FittedModel:
    """A fitted two-class model (`no`, `yes`)."""
    frame = rows_frame(400, seed)
    encoder = TableEncoder(columns=columns(), style="trees" if kind == "boosting" else "dense")
    matrix = encoder.fit_transform(frame, late(frame))
    estimator: Any = HistGradientBoostingClassifier(max_iter=12, random_state=seed)
    if kind != "boosting":
        estimator = LogisticRegression()
    estimator.fit(matrix, late(frame))
    return FittedModel(
        name=name, task=Task.BINARY, classes=["no", "yes"], features=FEATURES, encoder=encoder, estimator=estimator
    )


def regressor(name: str = "delay") -> FittedModel:
    """A fitted regression model."""
    frame = rows_frame(400)
    encoder = TableEncoder(columns=columns(), style="dense")
    target = frame["distance"].to_numpy() / 100.0
    estimator = Ridge().fit(encoder.fit_transform(frame, target), target)
    return FittedModel(
        name=name, task=Task.REGRESSION, classes=[], features=FEATURES, encoder=encoder, estimator=estimator
    )


def pinned(name: str = "pinned") -> FittedModel:
    """A classifier whose dataset writes numbers with a decimal comma and days with the day first."""
    formats = {"temp": "1.234,56", "departure": "%d/%m/%Y"}
    model = classifier("linear", name=name)
    model.features = [msgspec.structs.replace(f, format=formats.get(f.name, "")) for f in FEATURES]
    return model


def family(name: str = "by-region") -> FittedFamily:
    """A family by `region`, which is no feature: `north` has its own model."""
    pooled = classifier("linear", name=name)
    return FittedFamily(
        segment_by=["region"], members={"north": to_bytes(classifier("boosting", 7, name))}, pooled=pooled
    )


def publish(layout: Layout, model: FittedModel | FittedFamily, version: int = 1) -> ArtifactFile:
    """Store a model as a signed artifact."""
    key = load_or_create_key(layout.signing_key)
    manifest = ArtifactManifest(
        model=model.name,
        run=f"r{version}",
        dataset="flights",
        task=model.task,
        metric="roc_auc" if model.classes else "r2",
        target="arrived_late",
        classes=tuple(model.classes),
        features=FEATURES,
        id="flight_id",
        segment_by=tuple(getattr(model, "segment_by", ())),
        created_at=AT,
    )
    staged = layout.staging / ulid()
    reference = bundle.stage(model, manifest, staged, key)
    path = bundle.publish(staged, layout.objects)
    return ArtifactFile(path=str(path), sha256=reference.sha256, model=model.name, version=version)


def deploy(layout: Layout, model: FittedModel | FittedFamily, version: int = 1) -> Deployment:
    """Publish a model and put it in service."""
    return put(layout, publish(layout, model, version))


def put(layout: Layout, artifact: ArtifactFile) -> Deployment:
    """Put a published artifact in service."""
    deployment = Deployment(
        model=artifact.model, version=artifact.version, artifact=artifact, id="flight_id", updated_at=AT
    )
    write_deployment(layout.serving, deployment)
    return deployment


def as_version(artifact: ArtifactFile, version: int) -> ArtifactFile:
    """The same artifact under another version number."""
    return msgspec.structs.replace(artifact, version=version)


def workspace(root: Path) -> Layout:
    """An empty workspace."""
    layout = Layout(root)
    layout.create()
    layout.settings.write_text('name = "test"\n', encoding="utf-8")
    return layout


def token(layout: Layout, name: str = "tests", *, predict: bool = True, append: Iterable[str] = ()) -> str:
    """A fresh bearer token."""
    return tokens.create(name, layout.tokens, AT, predict=predict, append=append)
