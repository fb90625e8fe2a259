"""What a notebook or script records about its runs, entry by entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopfloor.domain.record import Record
from shopfloor.domain.run import MetricValue, RunState


class RunOpening(Record, frozen=True, kw_only=True):
    """How a run begins. `parent` is the key of the run that it is nested in, `process` who records it."""

    model: str
    name: str = ""
    parent: str = ""
    dataset: str | None = None
    dataset_version: int | None = None
    environment: dict[str, str] = {}
    process: str = ""


class RunEnding(Record, frozen=True, kw_only=True):
    """How a run ends."""

    state: RunState = RunState.SUCCEEDED
    error: str | None = None


class LoggedMetric(Record, frozen=True, array_like=True):
    """One value of a metric; `step` is where the author says at which one."""

    name: str
    value: MetricValue
    step: int | None = None


class RunEntry(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Something about the run that its author's process calls `key`.

    A run's opening may come more than once, in every log that speaks of it.
    """

    key: str
    at: datetime
    opening: RunOpening | None = None
    params: dict[str, Any] = {}
    metrics: tuple[LoggedMetric, ...] = ()
    ending: RunEnding | None = None
