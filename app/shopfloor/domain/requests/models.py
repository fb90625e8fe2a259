"""Questions about models and their release."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.job import JobRecord
from shopfloor.domain.page import Page
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelChange, ModelRecord, ModelVersion
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.right import Right
from shopfloor.domain.test_score import ModelTestScore
from shopfloor.domain.value import CostEntry, CostKind, ThresholdChange, ThresholdReport, ValueGroup, ValueReport


class ModelList(Request[Page[ModelRecord]], frozen=True, kw_only=True):
    """Models by name."""

    verb: ClassVar[str] = "model.list"
    query: str = ""
    limit: int = 10_000
    offset: int = 0


class ModelShow(Request[ModelRecord], frozen=True, kw_only=True):
    """One model."""

    verb: ClassVar[str] = "model.show"
    name: str


class ModelDefinitionShow(Request[ModelDefinition], frozen=True, kw_only=True):
    """The definition of a model."""

    verb: ClassVar[str] = "model.definition"
    name: str


class ModelVersions(Request[Page[ModelVersion]], frozen=True, kw_only=True):
    """Versions of a model with their decisions, newest first."""

    verb: ClassVar[str] = "model.versions"
    name: str
    limit: int = 1000
    offset: int = 0


class ModelHistory(Request[Page[ModelChange]], frozen=True, kw_only=True):
    """All changes, newest first; with `as_of`, the last move of each alias up to then."""

    verb: ClassVar[str] = "model.history"
    name: str
    as_of: datetime | None = None
    limit: int = 100
    offset: int = 0


class ModelDefine(Mutation[ModelDefinition], frozen=True, kw_only=True):
    """Write `models/NAME.toml`. With `train`, train at once when the dataset has rows."""

    verb: ClassVar[str] = "model.define"
    needs: ClassVar[Right] = Right.CONFIGURE
    definition: ModelDefinition
    train: bool = True


class ModelTrain(Mutation[JobRecord], frozen=True, kw_only=True):
    """Train now on the newest version of the dataset."""

    verb: ClassVar[str] = "model.train"
    irreversible: ClassVar[str] = (
        "A training is stopped with shopfloor job cancel ID; a version that it registered stays."
    )
    name: str
    reason: str = ""


class ModelPromote(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Make a version champion by a person's decision; against the gate it needs a reason.

    `ref` is `NAME@V`, or `NAME` for the challenger.
    """

    verb: ClassVar[str] = "model.promote"
    needs: ClassVar[Right] = Right.PROMOTE
    ref: str
    reason: str = ""


class ModelApprove(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Approve the version that awaits approval."""

    verb: ClassVar[str] = "model.approve"
    needs: ClassVar[Right] = Right.APPROVE
    ref: str
    reason: str = ""


class ModelReject(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Reject the version that awaits approval."""

    verb: ClassVar[str] = "model.reject"
    needs: ClassVar[Right] = Right.APPROVE
    ref: str
    reason: str = ""


class ModelApproveLowering(Mutation[ModelRecord], frozen=True, kw_only=True):
    """Approve that releases of a model need fewer people than now."""

    verb: ClassVar[str] = "model.approve-lowering"
    needs: ClassVar[Right] = Right.APPROVE
    irreversible: ClassVar[str] = "Ask for the earlier number again: shopfloor model define NAME --approvals N"
    name: str
    reason: str = ""


class ModelRejectLowering(Mutation[ModelRecord], frozen=True, kw_only=True):
    """Keep the number of people that releases of a model need; its file says so again."""

    verb: ClassVar[str] = "model.reject-lowering"
    needs: ClassVar[Right] = Right.APPROVE
    name: str
    reason: str = ""


class ModelRollback(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Put the previous champion back."""

    verb: ClassVar[str] = "model.rollback"
    needs: ClassVar[Right] = Right.PROMOTE
    name: str
    reason: str = ""


class ModelRetire(Mutation[ModelRecord], frozen=True, kw_only=True):
    """Take a model out of service: no training, no serving, the history stays."""

    verb: ClassVar[str] = "model.retire"
    needs: ClassVar[Right] = Right.PROMOTE
    name: str
    reason: str = ""


class ModelTestScoreShow(Request[ModelTestScore], frozen=True, kw_only=True):
    """How ready a model is, by the 28 tests of the ML Test Score."""

    verb: ClassVar[str] = "model.test_score"
    name: str


class ModelTestAnswer(Mutation[ModelTestScore], frozen=True, kw_only=True):
    """Answer a test that the store cannot answer, with 0, .5 or 1."""

    verb: ClassVar[str] = "model.test_answer"
    needs: ClassVar[Right] = Right.CONFIGURE
    name: str
    test: str
    score: float
    note: str = ""


class BundleReport(Record, frozen=True, kw_only=True):
    """A model version as a signed file."""

    model: str
    version: int
    path: str
    sha256: str
    bytes: int


class ModelExport(Request[BundleReport], frozen=True, kw_only=True):
    """Write a version (`NAME@V`, or `NAME` for the champion) as a signed bundle to `path`."""

    verb: ClassVar[str] = "model.export"
    writes: ClassVar[tuple[str, ...]] = ("path",)
    ref: str
    path: str


class ModelImport(Mutation[ModelVersion], frozen=True, kw_only=True):
    """Register a bundle signed with this workspace's key, or with the key in the file `key`.

    Whoever has a trusted key can have code run here: `key` is for a workspace of one's own.
    """

    verb: ClassVar[str] = "model.import"
    needs: ClassVar[Right] = Right.CONFIGURE
    reads: ClassVar[tuple[str, ...]] = ("path", "key")
    irreversible: ClassVar[str] = "A registered version stays; what it is used for can be undone."
    path: str
    key: str = ""

    @property
    def needed(self) -> Right:
        """It may bring a definition; with a key of another workspace it brings code."""
        return Right.OWN if self.key else self.needs


class PredictReport(Record, frozen=True, kw_only=True):
    """What a batch scoring did. `absent_columns` are optional inputs that the file does not have.

    `changed_cells` of a CSV file were made safe for spreadsheets and terminals. `notices` say how the file was read.
    """

    model: str
    model_version: int
    rows: int
    output: str
    ignored_columns: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()
    changed_cells: int = 0
    notices: tuple[str, ...] = ()
    job: str = ""


class Predict(Mutation[PredictReport], frozen=True, kw_only=True):
    """Score a file now; answers when the output file is written. Paths are absolute.

    A CSV file is made safe for spreadsheets and terminals, unless `raw`.
    """

    verb: ClassVar[str] = "model.predict"
    reads: ClassVar[tuple[str, ...]] = ("path",)
    writes: ClassVar[tuple[str, ...]] = ("output",)
    irreversible: ClassVar[str] = "The predictions have left the house: the output file is written and in the log."
    model: str
    path: str
    output: str
    raw: bool = False


class ValueShow(Request[ValueReport], frozen=True, kw_only=True):
    """What a model has earned, with points by day or month of the prediction, or by segment."""

    verb: ClassVar[str] = "model.value"
    model: str
    by: ValueGroup = ValueGroup.MONTH


class ModelCost(Mutation[CostEntry], frozen=True, kw_only=True):
    """Enter what was spent on a model, in the unit of its value. Entries stay; an undo enters the opposite."""

    verb: ClassVar[str] = "model.cost"
    needs: ClassVar[Right] = Right.CONFIGURE
    name: str
    amount: float
    kind: CostKind
    note: str = ""
    spent_at: datetime | None = None


class ValueThresholds(Request[ThresholdReport], frozen=True, kw_only=True):
    """What a model's decisions would be worth at other thresholds."""

    verb: ClassVar[str] = "model.thresholds"
    model: str


class ModelThreshold(Mutation[ThresholdChange], frozen=True, kw_only=True):
    """Let the champion decide by another threshold from now on; its next release takes that of the definition."""

    verb: ClassVar[str] = "model.threshold"
    needs: ClassVar[Right] = Right.PROMOTE
    name: str
    threshold: float
    reason: str = ""
