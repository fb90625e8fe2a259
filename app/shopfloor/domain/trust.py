"""Whether a delivery may be learned from: the verdict about a dataset version's new rows, with its evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shopfloor.domain.record import Record

MONITORING = "monitoring"
"""Who decides where no person does."""


class Trust(StrEnum):
    """`broken`: something measured the rows wrongly. `suspect`: labels collapsed while the inputs stayed, the score
    broke or fell with an input, or numbers may have got another unit. `unknown`: its checks have not ended, or failed.
    Drift alone is `trusted`.
    """

    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    SUSPECT = "suspect"
    BROKEN = "broken"

    @property
    def rank(self) -> int:
        """How bad it is: of several verdicts the one of the highest rank counts."""
        return list(Trust).index(self)


class Fault(StrEnum):
    """What a check's result is evidence of: the first four of broken measurement, the others of what a person should
    look at. `scaled` numbers may have got another unit, or grown."""

    UNIT = "unit"
    STUCK = "stuck"
    VANISHED = "vanished"
    LOST = "lost"
    SCALED = "scaled"
    LABELS = "labels"
    COLLAPSE = "collapse"

    @property
    def trust(self) -> Trust:
        """The verdict that it justifies."""
        return Trust.SUSPECT if self in (Fault.SCALED, Fault.LABELS, Fault.COLLAPSE) else Trust.BROKEN


class TrustEvidence(Record, frozen=True, kw_only=True):
    """One result of a check of `model` that speaks against the rows, as it was then."""

    model: str
    model_version: int | None = None
    check: str
    feature: str | None = None
    fault: Fault
    value: float | None = None
    limit: float | None = None
    message: str = ""


class DeliveryTrust(Record, frozen=True, kw_only=True):
    """The verdict about the `files` that version `version` of a dataset brought.

    `pending` are models whose checks have not ended, `samples` the names under which check results know these rows,
    `alerts` those that they caused. `withdrawn` is the version since which no row of it is in the dataset.
    `decided_by` is a person's name where one decided.
    """

    dataset: str
    version: int
    trust: Trust = Trust.UNKNOWN
    files: tuple[str, ...] = ()
    evidence: tuple[TrustEvidence, ...] = ()
    pending: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    withdrawn: int | None = None
    decided_by: str = MONITORING
    reason: str = ""
    decided_at: datetime

    @property
    def ref(self) -> str:
        """`flights@3`."""
        return f"{self.dataset}@{self.version}"

    @property
    def why(self) -> str:
        """The reason in one line: what a person said, or the weightiest evidence."""
        if self.reason:
            return self.reason
        worst = max(self.evidence, key=lambda one: one.fault.trust.rank, default=None)
        if worst is not None:
            return worst.message
        return "its checks have not ended, or failed" if self.trust is Trust.UNKNOWN else ""
