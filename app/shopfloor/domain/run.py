"""Runs: one training or notebook execution each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from shopfloor.domain.record import Record


class RunState(StrEnum):
    """A run's life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class NonFinite(StrEnum):
    """What a metric is that is no finite number, by the words that JSON documents use for it."""

    NAN = "NaN"
    INFINITY = "Infinity"
    NEGATIVE_INFINITY = "-Infinity"


MetricValue: TypeAlias = float | NonFinite | None
"""None where it could not be computed."""


def measured(value: float) -> float | NonFinite:
    """A number as a metric keeps it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return NonFinite.NAN
    return NonFinite.INFINITY if value > 0 else NonFinite.NEGATIVE_INFINITY


def finite(value: MetricValue) -> float | None:
    """A metric that is a finite number, None else."""
    return None if isinstance(value, NonFinite) else value


class ArtifactRef(Record, frozen=True, kw_only=True):
    """A stored artifact: the sha256 and size of its bytes."""

    sha256: str
    bytes: int


class CandidateScore(Record, frozen=True, kw_only=True):
    """How one candidate did on the rows that were judged, metric name to value: the means over blocks.

    `blocks` are the values of the metric that decides, oldest block first; empty where there is one block. `promise` is
    the interval in which that of the next block is expected with probability .90; None for fewer than three blocks.
    """

    name: str
    metrics: dict[str, float | None]
    seconds: float = 0.0
    error: str | None = None
    blocks: tuple[float | None, ...] = ()
    promise: tuple[float, float] | None = None


class SegmentScore(Record, frozen=True, kw_only=True):
    """One member of a model family. `fallback` says why the pooled model serves instead."""

    segment: str
    rows: int
    score: float | None = None
    fallback: str | None = None


class Confusion(Record, frozen=True, kw_only=True):
    """Holdout rows by true class (a row of `counts`) and predicted class (a column), both as `labels`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Residuals(Record, frozen=True, kw_only=True):
    """The distribution of truth minus prediction on the holdout, in the target's unit.

    `counts` lie between neighbouring `edges`; what is beyond the outermost edges counts in the outermost bins.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    mean: float
    median_absolute: float
    p90_absolute: float


class RunRecord(Record, frozen=True, kw_only=True):
    """One execution and everything needed to repeat it.

    `name` is what its author calls it, `parent` the run that it is nested in. `process` identifies the notebook or
    script that records it, empty where a job does, or nobody can see it. `steps` are the values of metrics that were
    logged with a step, where one run is shown.
    `excluded` are files of the dataset version whose rows it left out, because they are broken.
    """

    id: str
    name: str = ""
    parent: str | None = None
    model: str
    segment: str | None = None
    dataset: str | None = None
    dataset_version: int | None = None
    state: RunState = RunState.QUEUED
    trigger: str = ""
    params: dict[str, Any] = {}
    metrics: Mapping[str, MetricValue] = {}
    steps: dict[str, tuple[tuple[int, MetricValue], ...]] = {}
    candidates: tuple[CandidateScore, ...] = ()
    segments: tuple[SegmentScore, ...] = ()
    chosen: str | None = None
    seed: int = 0
    started_at: datetime | None = None
    duration_s: float | None = None
    artifact: ArtifactRef | None = None
    model_version: int | None = None
    environment: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    error: str | None = None
    job: str | None = None
    process: str = ""
    excluded: tuple[str, ...] = ()
    created_at: datetime | None = None
