"""The workspace at a glance."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.notice import Undelivered
from shopfloor.domain.record import Record
from shopfloor.domain.release import PendingApproval
from shopfloor.domain.trust import DeliveryTrust


class WatcherStatus(Record, frozen=True, kw_only=True):
    """How new files are noticed: `backend` inotify or scan, and why it is degraded if it is."""

    backend: str
    healthy: bool
    scan_seconds: float
    last_scan_at: datetime | None = None
    last_scan_ms: float | None = None
    detail: str = ""


class DegradedCause(StrEnum):
    """Why the engine does less than it should."""

    STORE = "store"
    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"
    DISK_LOW = "disk_low"
    DISK_ERROR = "disk_error"
    SCAN = "scan"
    WATCHER = "watcher"
    CLOCK = "clock"
    SETTINGS = "settings"


class Degradation(Record, frozen=True, kw_only=True):
    """One cause that holds now, in a sentence, and since when. It is over by itself when the cause is gone."""

    code: DegradedCause
    message: str
    since: datetime


class EngineStatus(Record, frozen=True, kw_only=True):
    """The process that owns the workspace, and what degrades it, the worst first."""

    pid: int
    epoch: int
    version: str
    uptime_s: float
    watcher: WatcherStatus
    degraded: tuple[Degradation, ...] = ()


class JobCounts(Record, frozen=True, kw_only=True):
    """Jobs by state. `failed` are those that failed or were lost and that nothing has made good since."""

    queued: int = 0
    running: int = 0
    failed: int = 0


class FileCounts(Record, frozen=True, kw_only=True):
    """Files by state: `seen` = committed + duplicate + quarantined + refused + waiting.

    `waiting` are those on their way (settling, waiting, staged). `discarded` are those among the
    refused, discarded by a person, or removed before they were ingested.
    """

    waiting: int = 0
    quarantined: int = 0
    committed: int = 0
    duplicate: int = 0
    refused: int = 0
    discarded: int = 0
    seen: int = 0


class AlertCounts(Record, frozen=True, kw_only=True):
    """Alerts by state."""

    open: int = 0
    acknowledged: int = 0


class FactoryFigures(Record, frozen=True, kw_only=True):
    """How fast and how safely the factory ships.

    `lead_time_s`: median seconds from a file's arrival to the deployment it led to.
    `rollback_share`: rollbacks among deployments of 30 days. `restore_time_s`: median seconds
    from an alert on a model to its resolution.
    """

    lead_time_s: float | None = None
    deployments_30d: int = 0
    rollback_share: float | None = None
    restore_time_s: float | None = None


class Status(Record, frozen=True, kw_only=True):
    """Everything the home screen and `shopfloor status` show. `approvals` counts what is `pending`,
    `humility` counts `predictions` that models were not trusted with, `undelivered` is what the commands of `notify`
    would not take, `in_doubt` the deliveries that are broken or suspect until a person decides, newest first.
    `workspace` is its path, `name` what people call it; `unreadable` says by model why its definition is not used."""

    workspace: str
    name: str = ""
    engine: EngineStatus
    jobs: JobCounts
    files: FileCounts
    alerts: AlertCounts
    models: int
    datasets: int
    runs: int
    approvals: int
    predictions: int
    humility: HumilityCounts = HumilityCounts()
    seq: int
    factory: FactoryFigures
    running: tuple[str, ...] = ()
    pending: tuple[PendingApproval, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    in_doubt: tuple[DeliveryTrust, ...] = ()
    unreadable: dict[str, str] = {}
