"""Questions about datasets."""

from __future__ import annotations

from typing import ClassVar

from shopfloor.domain.columns import Column
from shopfloor.domain.contract import Contract, Corrected, Mode, Originals, SchemaPolicy
from shopfloor.domain.dataset import ColumnProfile, DatasetRecord, DatasetVersion, VersionDiff
from shopfloor.domain.handles import PartFile
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.revision import ContractRevision
from shopfloor.domain.right import Right


class DatasetList(Request[Page[DatasetRecord]], frozen=True, kw_only=True):
    """Datasets by name."""

    verb: ClassVar[str] = "dataset.list"
    query: str = ""
    limit: int = 10_000
    offset: int = 0


class DatasetShow(Request[DatasetRecord], frozen=True, kw_only=True):
    """One dataset."""

    verb: ClassVar[str] = "dataset.show"
    name: str


class DatasetContract(Request[Contract], frozen=True, kw_only=True):
    """The contract of a dataset: as its file says now, or with `revision` as it once was."""

    verb: ClassVar[str] = "dataset.contract"
    name: str
    revision: int = 0


class DatasetRevisions(Request[Page[ContractRevision]], frozen=True, kw_only=True):
    """Every change of a dataset's contract, newest first."""

    verb: ClassVar[str] = "dataset.revisions"
    name: str
    limit: int = 100
    offset: int = 0


class DatasetVersions(Request[Page[DatasetVersion]], frozen=True, kw_only=True):
    """Versions of a dataset, newest first."""

    verb: ClassVar[str] = "dataset.versions"
    name: str
    limit: int = 1000
    offset: int = 0


class DatasetVersionShow(Request[DatasetVersion], frozen=True, kw_only=True):
    """One version: `flights@3`, or `flights` for the newest."""

    verb: ClassVar[str] = "dataset.version"
    ref: str


class DatasetDiff(Request[VersionDiff], frozen=True, kw_only=True):
    """What changed from `left` to `right`, both refs of one dataset.

    With `rows` the rows are compared as well, by `key` (None: the contract's; empty: whole rows), and at
    most `limit` examples of each kind of change come back.
    """

    verb: ClassVar[str] = "dataset.diff"
    left: str
    right: str
    rows: bool = False
    key: tuple[str, ...] | None = None
    limit: int = 20


class DatasetProfile(Record, frozen=True, kw_only=True):
    """Column statistics of one version; `parts_read` of its `parts` had to be read for them."""

    dataset: str
    version: int
    rows: int
    columns: tuple[ColumnProfile, ...]
    parts: int = 0
    parts_read: int = 0


class DatasetProfileShow(Request[DatasetProfile], frozen=True, kw_only=True):
    """Statistics of every column of a version."""

    verb: ClassVar[str] = "dataset.profile"
    ref: str


class DatasetPreview(Record, frozen=True, kw_only=True):
    """Rows of a version as text; a missing value is None."""

    dataset: str
    version: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total: int


class DatasetPreviewShow(Request[DatasetPreview], frozen=True, kw_only=True):
    """Some rows of a version."""

    verb: ClassVar[str] = "dataset.preview"
    ref: str
    limit: int = 20
    offset: int = 0


class DatasetFiles(Record, frozen=True, kw_only=True):
    """The Parquet parts of a version, readable by any tool."""

    dataset: str
    version: int
    columns: tuple[Column, ...]
    parts: tuple[PartFile, ...]


class DatasetFilesShow(Request[DatasetFiles], frozen=True, kw_only=True):
    """Where the parts of a version lie."""

    verb: ClassVar[str] = "dataset.parts"
    ref: str


class DatasetDefine(Mutation[Contract], frozen=True, kw_only=True):
    """Create a dataset before its first file, or change how it takes files in.

    Fields left None keep their value. `reject_budget` is a share from 0 to 1, `band` one of the usual
    rows of a file, `fresh_hours` 0 asks for no freshness. `query` makes the rows from other datasets; an empty one
    no longer does.
    """

    verb: ClassVar[str] = "dataset.define"
    needs: ClassVar[Right] = Right.CONFIGURE
    name: str
    mode: Mode | None = None
    query: str | None = None
    key: tuple[str, ...] | None = None
    time: str | None = None
    schema_policy: SchemaPolicy | None = None
    reject_budget: float | None = None
    corrected: Corrected | None = None
    repeated: bool | None = None
    originals: Originals | None = None
    min_rows: int | None = None
    max_rows: int | None = None
    band: float | None = None
    fresh_hours: float | None = None


class DatasetTrust(Mutation[DatasetVersion], frozen=True, kw_only=True):
    """Declare the rows that a version brought trusted, whatever its checks found: `flights@3`."""

    verb: ClassVar[str] = "dataset.trust"
    needs: ClassVar[Right] = Right.APPROVE
    ref: str
    reason: str = ""


class DatasetRollback(Mutation[DatasetVersion], frozen=True, kw_only=True):
    """Make the content of an earlier version the newest version."""

    verb: ClassVar[str] = "dataset.rollback"
    ref: str
    reason: str = ""
