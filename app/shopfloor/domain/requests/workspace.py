"""Questions about the workspace as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from shopfloor.domain.explanation import Explanation
from shopfloor.domain.job import JobRecord
from shopfloor.domain.lineage import LineageGraph
from shopfloor.domain.record import Record
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.right import Right
from shopfloor.domain.status import Status
from shopfloor.domain.stored_object import StoredObject


class StatusShow(Request[Status], frozen=True, kw_only=True):
    """The workspace at a glance."""

    verb: ClassVar[str] = "status"


class SettingChange(Record, frozen=True, kw_only=True):
    """The value of a setting before and after."""

    key: str
    before: Any
    after: Any


class IdleReport(Record, frozen=True, kw_only=True):
    """Whether everything is done, and what is not.

    `failed` are the newest jobs that failed or were lost and that nothing has made good since. `problems` keep
    the engine from seeing or storing what arrives: then nothing is known to be done.
    """

    idle: bool
    unsettled_files: int
    queued_jobs: int
    running_jobs: int
    quarantined_files: int = 0
    failed: tuple[JobRecord, ...] = ()
    problems: tuple[str, ...] = ()


class AwaitIdle(Request[IdleReport], frozen=True, kw_only=True):
    """Scan, then wait up to `wait_s` seconds until no file is unsettled and no job queued or running."""

    verb: ClassVar[str] = "wait"
    wait_s: float = 20.0


class Rescan(Request[IdleReport], frozen=True, kw_only=True):
    """Scan all drop folders now."""

    verb: ClassVar[str] = "scan"


class Shutdown(Mutation[IdleReport], frozen=True, kw_only=True):
    """Stop the engine; running jobs resume at the next start."""

    verb: ClassVar[str] = "shutdown"
    needs: ClassVar[Right] = Right.OWN
    when_degraded: ClassVar[bool] = True
    irreversible: ClassVar[str] = "Start the engine again: shopfloor up"


class ConfigSet(Mutation[SettingChange], frozen=True, kw_only=True):
    """Write one setting of `workspace.toml`; `value` is a TOML value or a bare word."""

    verb: ClassVar[str] = "config.set"
    needs: ClassVar[Right] = Right.CONFIGURE
    when_degraded: ClassVar[bool] = True  # the marks of a full disk are settings themselves
    key: str
    value: str

    @property
    def needed(self) -> Right:
        """What runs as the owner, takes data elsewhere, or says who may do what, is the owner's to set."""
        mine = ("notify", "team", "engine.backend", "engine.scheduler")
        return Right.OWN if any(f"{self.key}.".startswith(f"{key}.") for key in mine) else self.needs


class UndoReport(Record, frozen=True, kw_only=True):
    """What an undo does, or did: `steps` are the changes, `stays` what it cannot take back.

    `seq` is the last event of the mutation, `message` what that said, at the time `at`.
    """

    seq: int
    verb: str
    message: str
    at: datetime
    steps: tuple[str, ...]
    stays: tuple[str, ...] = ()
    dry_run: bool = False


class ExpectedRow(Record, frozen=True, kw_only=True):
    """A row of the store as event `seq` left it, by its table and primary key."""

    table: str
    key: tuple[str | int, ...]
    seq: int


class Inverse(Record, frozen=True, kw_only=True):
    """What takes a mutation back, as long as every one of the rows is as it `expects`."""

    command: str
    seq: int
    expects: tuple[ExpectedRow, ...]


class Undo(Mutation[UndoReport], frozen=True, kw_only=True):
    """Take back the own mutation that brought event `seq`; without it the newest own one."""

    verb: ClassVar[str] = "undo"
    seq: int | None = None
    dry_run: bool = False


class LineageShow(Request[LineageGraph], frozen=True, kw_only=True):
    """The sources of `ref` (`up`), what was made from it (`down`), or `both`."""

    verb: ClassVar[str] = "lineage"
    ref: str
    direction: str = "both"
    as_of: datetime | None = None


class Why(Request[Explanation], frozen=True, kw_only=True):
    """Why something is as it is: a thing of the lineage, a model (was it trained and promoted?), or a path.

    A `ref` with a slash is the path of a delivered file, absolute or relative to the workspace. A path that is no UTF-8
    cannot travel as text: its bytes come as hexadecimal digits in `raw`, which then counts.
    """

    verb: ClassVar[str] = "why"
    ref: str
    raw: str = ""


class QueryTable(Record, frozen=True, kw_only=True):
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool = False


class SqlQuery(Request[QueryTable], frozen=True, kw_only=True):
    """One read-only statement over metadata, datasets and logs, run in a sandboxed child."""

    verb: ClassVar[str] = "sql"
    statement: str
    limit: int = 10_000


class DoctorFinding(Record, frozen=True, kw_only=True):
    """One thing that was checked."""

    check: str
    ok: bool
    detail: str
    repaired: bool = False


class DamagedObject(Record, frozen=True, kw_only=True):
    """A stored object whose bytes are not those that were written: what depends on it, and how to mend it."""

    object: StoredObject
    message: str
    hint: str


class DoctorReport(Record, frozen=True, kw_only=True):
    """The health of the workspace; `damaged` is what a deep reading found."""

    ok: bool
    findings: tuple[DoctorFinding, ...]
    damaged: tuple[DamagedObject, ...] = ()


class Doctor(Request[DoctorReport], frozen=True, kw_only=True):
    """Check store, journal, objects, artifacts and drop folders; with `repair` repair what is safe."""

    verb: ClassVar[str] = "doctor"
    repair: bool = False


class DeepReading(Record, frozen=True, kw_only=True):
    """A slice of the reading of all stored objects; `after` is where it goes on, empty when all are read."""

    after: str
    read: int
    total: int
    damaged: tuple[DamagedObject, ...] = ()


class DoctorRead(Request[DeepReading], frozen=True, kw_only=True):
    """Read stored objects beyond the place `after`, byte for byte, for about `seconds`."""

    verb: ClassVar[str] = "doctor.read"
    after: str = ""
    seconds: float = 2.0


class BackupReport(Record, frozen=True, kw_only=True):
    """A verified copy of the metadata store."""

    path: str
    bytes: int
    seq: int


class Backup(Request[BackupReport], frozen=True, kw_only=True):
    """Back the metadata store up now."""

    verb: ClassVar[str] = "backup"


class GcReport(Record, frozen=True, kw_only=True):
    """What nothing refers to any more."""

    dry_run: bool
    objects: int
    bytes: int
    paths: tuple[str, ...] = ()


class Gc(Request[GcReport], frozen=True, kw_only=True):
    """Remove unreferenced objects and old staging folders."""

    verb: ClassVar[str] = "gc"
    dry_run: bool = False
