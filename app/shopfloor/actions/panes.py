"""The panes of the terminal face, one `PaneSpec` each.

Digits, header, palette, `:` words, and where a thing is looked up all come from here. The screen
of the pane `alerts` is `AlertsPane` in `tui/screens/alerts.py`; it is imported when it is first shown.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from shopfloor.domain.record import Record

if TYPE_CHECKING:
    from shopfloor.domain.requests.request import Request
    from shopfloor.domain.status import Status


class Search(NamedTuple):
    """How the palette finds the things of a pane: a question, and of each row its key and what it is."""

    request: Callable[[], Request[Any]]
    key: Callable[[Any], str]
    text: Callable[[Any], str]


# Requests bring in the records of what they ask for, which the first picture of the terminal face is without.


def _datasets() -> Request[Any]:
    from shopfloor.domain.requests.datasets import DatasetList

    return DatasetList(limit=500)


def _runs() -> Request[Any]:
    from shopfloor.domain.requests.runs import RunList

    return RunList(limit=200)


def _models() -> Request[Any]:
    from shopfloor.domain.requests.models import ModelList

    return ModelList(limit=500)


def _alerts() -> Request[Any]:
    from shopfloor.domain.requests.alerts import AlertList

    return AlertList(limit=200)


class PaneSpec(Record, frozen=True):
    """One pane.

    `shows` completes "Show …", `short` is the label on a narrow screen, `cli` the command that
    lists the same. `nouns` are the commands about its things, `words` further `:` words for it,
    `kinds` the kinds of lineage node found there. `count` and `urgent` stand beside its label.
    """

    key: str
    label: str
    shows: str
    cli: str = ""
    short: str = ""
    query: str = "Filter"
    nouns: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    count: Callable[[Status], object] = lambda status: ""
    urgent: Callable[[Status], int] = lambda status: 0
    search: Search | None = None


class Scope(StrEnum):
    """Where an action is offered: a pane of the terminal face, or everywhere."""

    spec: PaneSpec | None

    def __new__(cls, name: str, spec: PaneSpec | None = None) -> Scope:
        scope = str.__new__(cls, name)
        scope._value_ = name
        scope.spec = spec
        return scope

    HOME = "home", PaneSpec("0", "Home", "an overview of the workspace", "shopfloor status", words=("status",))
    DATASETS = (
        "datasets",
        PaneSpec(
            "1",
            "Datasets",
            "datasets and delivered files",
            "shopfloor dataset list",
            short="Data",
            nouns=("dataset", "file"),
            words=("data", "ds", "files"),
            kinds=("file", "part", "dataset_version"),
            count=lambda status: status.datasets,
            urgent=lambda status: status.files.quarantined + len(status.in_doubt),
            search=Search(_datasets, lambda row: row.name, lambda row: "dataset"),
        ),
    )
    EXPERIMENTS = (
        "experiments",
        PaneSpec(
            "2",
            "Experiments",
            "runs and their scores",
            "shopfloor run list",
            short="Runs",
            nouns=("run",),
            words=("runs",),
            kinds=("run",),
            count=lambda status: status.runs,
            search=Search(_runs, lambda row: row.id, lambda row: f"run of {row.model}"),
        ),
    )
    MODELS = (
        "models",
        PaneSpec(
            "3",
            "Models",
            "champions and challengers",
            "shopfloor model list",
            nouns=("model",),
            kinds=("model_version", "deployment", "predictions", "actuals"),
            count=lambda status: status.models,
            urgent=lambda status: status.approvals,
            search=Search(_models, lambda row: row.name, lambda row: "model"),
        ),
    )
    ALERTS = (
        "alerts",
        PaneSpec(
            "4",
            "Alerts",
            "open problems and their causes",
            "shopfloor alert list",
            nouns=("alert",),
            kinds=("alert",),
            count=lambda status: status.alerts.open,
            urgent=lambda status: status.alerts.open,
            search=Search(_alerts, lambda row: row.id, lambda row: f"alert on {row.subject}"),
        ),
    )
    ACTIVITY = (
        "activity",
        PaneSpec(
            "5",
            "Activity",
            "jobs and events",
            "shopfloor events",
            nouns=("job",),
            words=("jobs", "events"),
            kinds=("job",),
            count=lambda status: status.jobs.running + status.jobs.queued or "",
            urgent=lambda status: status.jobs.failed,
        ),
    )
    LINEAGE = (
        "lineage",
        PaneSpec("6", "Lineage", "how files, runs, models and predictions are connected", query="Reference"),
    )
    GLOBAL = "global"

    @property
    def pane(self) -> PaneSpec:
        """The pane of this scope; GLOBAL has none."""
        if self.spec is None:
            raise LookupError(f"{self} is no pane")
        return self.spec


PANES: dict[Scope, PaneSpec] = {scope: scope.spec for scope in Scope if scope.spec is not None}


def pane_of_kind(kind: str) -> Scope:
    """Where a node of the lineage is looked up."""
    return next((scope for scope, spec in PANES.items() if kind in spec.kinds), Scope.ACTIVITY)
