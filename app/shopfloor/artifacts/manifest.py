"""The manifest of an artifact: what the model is, and the digest of every file beside it."""

from __future__ import annotations

from datetime import datetime

from shopfloor.artifacts.stored import register_record
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.definition import Task
from shopfloor.domain.record import Record

FORMAT = 2
READABLE = (1, FORMAT)
"""1 named the classes of our own objects, which are tags and fields (`stored`) since 2."""


class FeatureField(Record, frozen=True, kw_only=True):
    """One input of a model.

    `kind` is how it is encoded: number, boolean, category, many, text or date. `nullable` is true
    when the model saw missing values in training, so that a request may leave the field out; an
    `optional` one, which joined the dataset later or may be absent from its files, may always be.
    `levels` holds the commonest values of a category (a sample, for schemas and examples). `format` is
    the dataset's for the column when the model was trained: text is read by it in requests and files.
    """

    name: str
    kind: str
    type: ColumnType
    nullable: bool = True
    optional: bool = False
    levels: tuple[str, ...] = ()
    format: str = ""


register_record(FeatureField, "feature")


class KeptRecipe(Record, frozen=True, kw_only=True):
    """What made a model of rows, so that it can be judged, and made anew, on others: the candidate, the digest of all
    else in the definition that decides what it makes of them, and that of the team's `code` (empty without).
    """

    candidate: str
    digest: str
    code: str = ""


class ArtifactManifest(Record, frozen=True, kw_only=True):
    """Everything a reader may know of an artifact before it opens the model.

    `files` maps file name to sha256 (filled by `bundle.stage`). `classes` are the labels in the
    order of the probability columns, `positive` the label that a binary score is the probability of. `recipe` is None
    where nobody knows it: of models that were adopted or made by earlier versions.
    """

    model: str
    run: str
    dataset: str
    dataset_version: int | None = None
    task: Task
    metric: str
    target: str
    positive: str | None = None
    classes: tuple[str, ...] = ()
    features: tuple[FeatureField, ...] = ()
    id: str | None = None
    time: str | None = None
    segment_by: tuple[str, ...] = ()
    segments: int = 0
    trained_until: datetime | None = None
    recipe: KeptRecipe | None = None
    environment: dict[str, str] = {}
    created_at: datetime
    files: dict[str, str] = {}
    format: int = FORMAT

    @property
    def roles(self) -> frozenset[str]:
        """The columns with a part of their own: target, id, time and the keys of segments."""
        return frozenset(name for name in (self.target, self.id, self.time, *self.segment_by) if name)
