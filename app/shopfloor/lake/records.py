"""The tasks about dataset versions."""

from __future__ import annotations

from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import ColumnDiff, ColumnProfile, RowDiff
from shopfloor.domain.handles import PartFile
from shopfloor.domain.record import Record
from shopfloor.duck.sandbox import Sandbox


class Side(Record, frozen=True, kw_only=True):
    """One version: its parts in order and its columns."""

    parts: tuple[PartFile, ...]
    columns: tuple[Column, ...]


class ProfileSpec(Record, frozen=True, kw_only=True):
    """Profile a version; `cache` is the directory with the cached statistics of parts."""

    sandbox: Sandbox
    cache: str
    side: Side


class ProfileAnswer(Record, frozen=True, kw_only=True):
    """One profile a column, and how many parts were read for it."""

    columns: tuple[ColumnProfile, ...]
    parts_read: int


class DiffSpec(Record, frozen=True, kw_only=True):
    """Compare two versions: profiles always; rows when `rows`, of which at most `limit` of a kind are shown.

    `cache` is the directory with the cached statistics of parts. `key` names the columns that identify rows;
    without them whole rows are compared.
    """

    sandbox: Sandbox
    cache: str
    left: Side
    right: Side
    rows: bool = False
    key: tuple[str, ...] = ()
    limit: int = 20


class DiffAnswer(Record, frozen=True, kw_only=True):
    """Every column of either version, and the rows where they were compared."""

    columns: tuple[ColumnDiff, ...]
    rows: RowDiff | None = None
