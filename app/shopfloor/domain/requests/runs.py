"""Questions about runs, and how a notebook records one."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.recording import RunEntry
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.right import Right
from shopfloor.domain.run import RunRecord


class RunList(Request[Page[RunRecord]], frozen=True, kw_only=True):
    """Runs, newest first. `sort` is a column (`created_at`, `score`, `model`, `duration_s`) or a figure that `query`
    may compare (`auc`, `metric.mine`, `param.depth`), with `-` for descending.
    """

    verb: ClassVar[str] = "run.list"
    model: str = ""
    state: str = ""
    query: str = ""
    sort: str = "-created_at"
    limit: int = 1000
    offset: int = 0


class RunTable(Record, frozen=True, kw_only=True):
    """A Parquet file of runs. Its columns are numbered (`c0`, …), `columns` are their names; one more is the order."""

    output: str
    columns: tuple[str, ...]


class RunExport(Request[RunTable], frozen=True, kw_only=True):
    """Write runs to a Parquet file, a column a param and metric. `query` and `sort` are those of `RunList`."""

    verb: ClassVar[str] = "run.export"
    writes: ClassVar[tuple[str, ...]] = ("output",)
    output: str
    model: str = ""
    state: str = ""
    query: str = ""
    sort: str = "-created_at"
    limit: int = 10_000


class RunShow(Request[RunRecord], frozen=True, kw_only=True):
    """One run with its steps; `id` may be the key that its author's process gave it."""

    verb: ClassVar[str] = "run.show"
    id: str


class RunComparison(Record, frozen=True, kw_only=True):
    """Several runs beside each other. A row is (kind, name, one value a run); only rows that differ."""

    runs: tuple[RunRecord, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]


class RunCompare(Request[RunComparison], frozen=True, kw_only=True):
    """Compare two or more runs."""

    verb: ClassVar[str] = "run.compare"
    ids: tuple[str, ...]


class RunLog(Mutation[RunRecord], frozen=True, kw_only=True):
    """Entries about one run, opening first, from a process that may not write them into the workspace itself."""

    verb: ClassVar[str] = "run.log"
    irreversible: ClassVar[str] = "What a run logged stays logged."
    entries: tuple[RunEntry, ...]


class RunModel(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Register a model that a notebook fitted. `path` is a joblib file inside the workspace's staging folder.

    `features` are the input columns in order, `task` as in a definition.
    """

    verb: ClassVar[str] = "run.model"
    needs: ClassVar[Right] = Right.OWN
    irreversible: ClassVar[str] = "A registered version stays; what it is used for can be undone."
    id: str
    path: str
    task: str
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
