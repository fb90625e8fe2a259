"""Datasets, their immutable parts and versions."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.columns import Column
from shopfloor.domain.record import Record


class FileSpan(Record, frozen=True, kw_only=True):
    """The rows of a part that came from one file: `first` row (from 0) and count."""

    file: str
    first: int
    rows: int


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


class DatasetVersion(Record, frozen=True, kw_only=True):
    """An immutable manifest of parts. `digest` identifies the content."""

    dataset: str
    version: int
    digest: str
    rows: int
    added_rows: int = 0
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    files: tuple[str, ...] = ()
    cause: str = ""
    notices: tuple[str, ...] = ()
    created_at: datetime


class DatasetRecord(Record, frozen=True, kw_only=True):
    """A dataset at a glance, as of its newest version (0 while none is committed)."""

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
    quarantined: int = 0
    used_by: tuple[str, ...] = ()


class ColumnProfile(Record, frozen=True, kw_only=True):
    """Statistics of one column. `top` holds the most frequent values, `histogram` counts per bin."""

    name: str
    type: str
    rows: int
    missing: int
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    mean: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    edges: tuple[float, ...] = ()
    histogram: tuple[int, ...] = ()


class VersionDiff(Record, frozen=True, kw_only=True):
    """What changed between two versions."""

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
