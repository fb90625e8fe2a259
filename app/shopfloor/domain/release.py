"""Decisions of the gate, model versions and the history of aliases."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from shopfloor.domain.definition import ReleasePolicy
from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.record import Record
from shopfloor.domain.run import ArtifactRef

GATE = "gate"
"""Who acts where no person does."""
_NEED_WORD = ("leak", "inputs")


class Outcome(StrEnum):
    """What the gate decided about a challenger."""

    PROMOTE = "promote"
    AWAIT_APPROVAL = "await_approval"
    HOLD = "hold"
    REJECT = "reject"


class GateCheck(Record, frozen=True, kw_only=True):
    """One check of the gate. `passed` None means inconclusive; `blocking` checks decide."""

    code: str
    passed: bool | None
    value: float | None = None
    limit: float | None = None
    detail: str = ""
    blocking: bool = True

    @property
    def needs_word(self) -> bool:
        """Whether only a person can settle it: an input that seems to hold the answer, or one that changes for those
        who ask the model."""
        return self.code in _NEED_WORD and self.blocking and not self.passed


class Decision(Record, frozen=True, kw_only=True):
    """The gate's verdict with its evidence.

    `refreshes` is the champion whose recipe the version is of; with `tested` another recipe was tried against it first.
    """

    outcome: Outcome
    reason: str
    checks: tuple[GateCheck, ...] = ()
    metric: str = ""
    champion: int | None = None
    challenger_score: float | None = None
    champion_score: float | None = None
    gain: float | None = None
    interval: tuple[float, float] | None = None
    rows: int = 0
    decided_at: datetime | None = None
    decided_by: str = GATE
    refreshes: int | None = None
    tested: bool = False


class WithdrawnRows(Record, frozen=True, kw_only=True):
    """Rows that a version learned from and that left its dataset in `dataset_version`, by file; `cause` says why."""

    dataset_version: int
    cause: str
    files: dict[str, int]

    @property
    def rows(self) -> int:
        """How many they are."""
        return sum(self.files.values())


class ModelVersion(Record, frozen=True, kw_only=True):
    """A registered artifact of a run. `withdrawn` are rows that it learned from and that are gone."""

    model: str
    version: int
    run: str
    dataset_version: int | None
    artifact: ArtifactRef
    aliases: tuple[str, ...] = ()
    decision: Decision | None = None
    score: float | None = None
    approvals: tuple[str, ...] = ()
    withdrawn: WithdrawnRows | None = None
    created_at: datetime


class ReleaseRule(Record, frozen=True, kw_only=True):
    """Who moves the champion, and how many people must agree."""

    policy: ReleasePolicy
    approvals: int

    def is_weaker_than(self, other: ReleaseRule) -> bool:
        """Whether it needs fewer people than `other`, which needs two or more."""
        by_itself = self.policy is ReleasePolicy.AUTO and other.policy is not ReleasePolicy.AUTO
        return other.approvals > 1 and (self.approvals < other.approvals or by_itself)

    def __str__(self) -> str:
        return f"policy {self.policy}, approvals {self.approvals}"


class Lowering(Record, frozen=True, kw_only=True):
    """The wish for a weaker rule than is `held`, and who has approved it. `asked_by` is empty for an edit by hand."""

    wanted: ReleaseRule
    held: ReleaseRule
    asked_by: str = ""
    asked_at: datetime
    approvals: tuple[str, ...] = ()

    def __str__(self) -> str:
        pairs = ((key, getattr(self.held, key), getattr(self.wanted, key)) for key in ("policy", "approvals"))
        return ", ".join(f"{key} {before} → {after}" for key, before, after in pairs if before != after)


class HeldRule(Record, frozen=True, kw_only=True):
    """The release rule of a model that is in force, and the weaker one that waits."""

    model: str
    rule: ReleaseRule
    lowering: Lowering | None = None


class PendingApproval(Record, frozen=True, kw_only=True):
    """What waits for people: version `version` of a model, or without one a weaker release rule, `what` in words."""

    model: str
    version: int | None = None
    what: str
    asked_by: str
    asked_at: datetime
    needed: int
    approved_by: tuple[str, ...] = ()
    missing: int


ROLLBACK = "rollback"
"""The cause of a champion move that went back; it tells the history's two directions apart."""

UNDO = "undo"
"""The cause of a move that takes another one back."""


class AliasChange(Record, frozen=True, kw_only=True):
    """One move of an alias; the history is append-only. `version` None removes the alias."""

    model: str
    alias: str
    version: int | None
    previous: int | None = None
    actor: str = ""
    cause: str = ""
    reason: str = ""
    at: datetime
    seq: int = 0


class ModelPart(StrEnum):
    """What of a model changes: which version an alias names, a version with its decision, the definition's text,
    or whether the model is retired and what awaits approval."""

    ALIAS = "alias"
    VERSION = "version"
    DEFINITION = "definition"
    STATE = "state"


class ModelChange(Record, frozen=True, kw_only=True):
    """One change of one part of a model: event `seq` tells of it, `changes` are its fields before
    and after. For an alias `version` and `previous` are what it names then and before, for a version its number.
    `made`: there was none before. An edit of the file is told with the engine's next change of it, with no actor.
    """

    model: str
    part: ModelPart
    alias: str | None = None
    version: int | None = None
    previous: int | None = None
    actor: str = ""
    cause: str = ""
    reason: str = ""
    at: datetime
    seq: int = 0
    made: bool = False
    changes: dict[str, tuple[Any, Any]]


VOLUME_DAYS = 14


class ModelRecord(Record, frozen=True, kw_only=True):
    """A model at a glance. Alias fields hold version numbers.

    `live_score` is that of `live_rows` rows; of `live_of` predictions the actuals of `live_known` are known.
    `withdrawn_rows` are rows that the champion learned from and that are gone. `humility` counts `predictions` that the
    model was not trusted with.
    `predicted_at` is the time of its last prediction, `volume` how many rows a day: the last `VOLUME_DAYS`, today last.
    `error` says why its definition cannot be read; then `dataset` and the other words of the definition are empty.
    """

    name: str
    dataset: str
    task: str | None
    target: str = ""
    metric: str = ""
    segments: int = 0
    champion: int | None = None
    challenger: int | None = None
    previous: int | None = None
    versions: int = 0
    score: float | None = None
    live_score: float | None = None
    live_rows: int = 0
    live_known: int = 0
    live_of: int = 0
    withdrawn_rows: int = 0
    predictions: int = 0
    humility: HumilityCounts = HumilityCounts()
    predicted_at: datetime | None = None
    volume: tuple[int, ...] = ()
    open_alerts: int = 0
    release_policy: str = "auto"
    approvals_needed: int = 1
    awaiting_approval: int | None = None
    pending: tuple[PendingApproval, ...] = ()
    retired: bool = False
    deployed_at: datetime | None = None
    value: float | None = None
    value_unit: str = ""
    error: str = ""
