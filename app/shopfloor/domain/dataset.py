"""Datasets, their immutable parts and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from shopfloor.domain.columns import Column
from shopfloor.domain.record import Record
from shopfloor.domain.trust import DeliveryTrust


class FileSpan(Record, frozen=True, kw_only=True):
    """The rows of a part that belong to one file: `first` row (from 0) and count."""

    file: str
    first: int
    rows: int


class FreshRows(Record, frozen=True, kw_only=True):
    """Rows that are new or have other values in a version, and the time of its newest row (of its commit without
    times)."""

    version: int
    rows: int
    newest: datetime


class Part(Record, frozen=True, kw_only=True):
    """One immutable Parquet object, named by the sha256 of its bytes.

    `time_min` and `time_max` span the dataset's time column, where there is one.
    """

    sha256: str
    rows: int
    bytes: int = 0
    files: tuple[FileSpan, ...] = ()
    time_min: datetime | None = None
    time_max: datetime | None = None


class DatasetInput(Record, frozen=True, kw_only=True):
    """A version of a dataset that a query read."""

    dataset: str
    version: int

    @property
    def ref(self) -> str:
        """Such as `flights@3`."""
        return f"{self.dataset}@{self.version}"


class DatasetVersion(Record, frozen=True, kw_only=True):
    """An immutable manifest of parts. `digest` identifies the content, `contract_revision` the contract
    that its files were taken in with. `changed_rows` are earlier rows that have other values in it. A rollback
    brought the version `restored` back. `trust` is the verdict about the rows that it brought, where they were checked.
    """

    dataset: str
    version: int
    digest: str
    rows: int
    added_rows: int = 0
    changed_rows: int = 0
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    files: tuple[str, ...] = ()
    cause: str = ""
    notices: tuple[str, ...] = ()
    created_at: datetime
    contract_revision: int | None = None
    restored: int | None = None
    trust: DeliveryTrust | None = None


class DatasetRecord(Record, frozen=True, kw_only=True):
    """A dataset at a glance, as of its newest version (0 while none is committed).

    `problem` says why its contract cannot be used, so that its files wait; empty when it can. Of a derived dataset,
    `query` makes the rows, and did from `inputs`.
    """

    name: str
    mode: str
    version: int
    rows: int
    columns: int
    parts: int
    bytes: int
    files: int
    updated_at: datetime | None = None
    added_rows: int = 0
    changed_rows: int = 0
    quarantined: int = 0
    waiting: int = 0
    used_by: tuple[str, ...] = ()
    problem: str = ""
    query: str = ""
    inputs: tuple[DatasetInput, ...] = ()


class ColumnProfile(Record, frozen=True, kw_only=True):
    """Statistics of one column. `top` holds the most frequent values, `histogram` counts per bin.

    `approximate` names the figures that are not exact. A count in `top` is short by at most
    `top_error`. `quantiles` are (share, value) pairs; `edges` of times are seconds since 1970.
    """

    name: str
    type: str
    rows: int
    missing: int
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[tuple[float, str], ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    top_error: int = 0
    edges: tuple[float, ...] = ()
    histogram: tuple[int, ...] = ()
    approximate: tuple[str, ...] = ()


class ColumnFigures(Record, frozen=True, kw_only=True):
    """What a column holds in one version, in short: from its `ColumnProfile`."""

    missing: int
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    mean: float | None = None
    median: str | None = None


class ColumnChange(StrEnum):
    """What happened to a column between two versions."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "retyped"


class ColumnDiff(Record, frozen=True, kw_only=True):
    """One column in two versions. `changed_rows` is known where rows were compared by a key."""

    name: str
    change: ColumnChange
    left_type: str = ""
    right_type: str = ""
    changed_rows: int | None = None
    left: ColumnFigures | None = None
    right: ColumnFigures | None = None


class RowChange(Record, frozen=True, kw_only=True):
    """An example of a row that was `added`, `removed` or `changed`, with values as text.

    Of a changed row `old` and `new` hold the columns that changed; equal rows stand once, with
    their number in `copies`.
    """

    change: str
    key: dict[str, str | None] = {}
    old: dict[str, str | None] = {}
    new: dict[str, str | None] = {}
    copies: int = 1


def in_order(values: Mapping[str, str | None], order: Sequence[str]) -> list[tuple[str, str | None]]:
    """Values of a row in the order of the columns, which JSON does not keep."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(values.items(), key=lambda pair: (places.get(pair[0], len(places)), pair[0]))


class RowDiff(Record, frozen=True, kw_only=True):
    """Rows compared by `key`, or as whole rows without one (then none is `changed`).

    Compared are the columns that both versions have. `parts_read` says how many parts differ;
    the others were not read.
    """

    key: tuple[str, ...] = ()
    added: int
    removed: int
    changed: int = 0
    unchanged: int = 0
    examples: tuple[RowChange, ...] = ()
    truncated: bool = False
    parts_read: int = 0


class VersionDiff(Record, frozen=True, kw_only=True):
    """What changed between two versions.

    `added_rows` and `removed_rows` are counted by part and file, without reading rows; `row_diff` counts
    the rows themselves, if requested.
    """

    dataset: str
    left: int
    right: int
    rows_left: int
    rows_right: int
    added_rows: int
    removed_rows: int
    added_columns: tuple[str, ...] = ()
    removed_columns: tuple[str, ...] = ()
    retyped_columns: tuple[str, ...] = ()
    files_added: tuple[str, ...] = ()
    columns: tuple[ColumnDiff, ...] = ()
    row_diff: RowDiff | None = None
