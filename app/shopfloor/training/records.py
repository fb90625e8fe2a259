"""Specification and result of a training."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition, Split, Task
from shopfloor.domain.handles import PartFile
from shopfloor.domain.record import Record
from shopfloor.domain.run import CandidateScore, Confusion, Residuals, SegmentScore


class Incumbent(Record, frozen=True, kw_only=True):
    """The champion's recipe: its candidate, and the `features` that it learned. `same`: the definition makes it."""

    candidate: str
    features: tuple[str, ...]
    same: bool


class TrainSpec(Record, frozen=True, kw_only=True):
    """One training run: everything that decides its result.

    `backend` is sequential, loky or dask and concerns the members of a family; `workers` is
    the number of processes (or of threads of one fit). `workspace` is the directory that recipe
    names such as `recipes/x.py:build` are relative to. `scratch` may name a private directory
    that outlives a failed attempt: finished members of a family are kept there, so a retry only
    fits what is missing. `scheduler` is the address of an existing dask cluster. `incumbent` is the
    champion's recipe, where it is known.
    """

    run: str
    definition: ModelDefinition
    dataset_version: int
    parts: tuple[PartFile, ...]
    columns: tuple[Column, ...]
    seed: int = 0
    workers: int = 1
    backend: str = "loky"
    workspace: str = ""
    scratch: str = ""
    scheduler: str = ""
    incumbent: Incumbent | None = None


class FeatureImportance(Record, frozen=True, kw_only=True):
    """How much the metric falls on holdout rows when one feature's values are shuffled."""

    name: str
    kind: str
    importance: float


class TrainResult(Record, frozen=True, kw_only=True):
    """The report of a run.

    `metrics` are those of the chosen candidate on the rows that were judged in `blocks` blocks (scikit-learn's scorer
    names, greater is better), `holdout_digest` identifies the set of these rows, `holdout_from` and `holdout_to` span
    them by the time column. The model itself learned all `train_rows`, of which `trained_until` is the latest. `split`
    is the split that was used, `seconds` the time of each step, `notes` what a person should know.
    """

    task: Task
    metric: str
    positive: str | None = None
    classes: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    metrics: dict[str, float | None] = {}
    candidates: tuple[CandidateScore, ...] = ()
    segments: tuple[SegmentScore, ...] = ()
    chosen: str
    features: tuple[FeatureImportance, ...] = ()
    train_rows: int
    holdout_rows: int
    blocks: int = 1
    trained_until: datetime | None = None
    holdout_from: datetime | None = None
    holdout_to: datetime | None = None
    holdout_digest: str
    split: Split
    environment: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    seconds: dict[str, float] = {}
