"""What the engine asks of serving's workers and what they answer. Light: no heavy library here."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.contract import Contract
from shopfloor.domain.definition import Humility, Task
from shopfloor.domain.handles import ArtifactFile, PartFile
from shopfloor.domain.humility import HumilityCounts
from shopfloor.domain.record import Record
from shopfloor.domain.service import RequestFault
from shopfloor.domain.wire import WireError
from shopfloor.lake.inference_log import FaultLine


class ScoreSpec(Record, frozen=True, kw_only=True):
    """Score one file. Paths are absolute; `name` is the file's name as delivered.

    `origin` stands for the file: a row without an association id gets `<origin>-<row>`, rows counted from 1, so that
    a second attempt makes the same ids. `output_path` ends in `.csv` or `.parquet`. `inference_staging` is an
    existing directory for the inference part. `id` names the column of the association id where the model has one;
    `at` is the time that the predictions carry. `contract` is that of the model's dataset: its parser settings
    and formats say how text is read. Reading may use `memory_mb`, beside what the model needs.
    A CSV file is made safe for spreadsheets, unless `raw`. `threshold` and `humility` are the deployment's.
    """

    artifact: ArtifactFile
    key_path: str
    input_path: str
    name: str
    origin: str
    output_path: str
    inference_staging: str
    id: str | None = None
    raw: bool = False
    threshold: float | None = None
    humility: Humility | None = None
    source: str = "batch"
    at: datetime
    contract: Contract
    memory_mb: int = 512


class ScoreResult(Record, frozen=True, kw_only=True):
    """What was scored. `part` is None for a file without rows.

    `humility` counts rows on which the model is not trusted. `ignored` names columns of the file that the model does
    not know, `absent` optional ones that the file does not have; `notices` say how it was read; `made_ids` counts rows
    that had no association id and got one; `changed` counts cells of a CSV file that were made safe. All predictions
    lie between `first_at` and `last_at`.
    """

    model: str
    model_version: int
    rows: int
    output_path: str
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    made_ids: int = 0
    changed: int = 0
    humility: HumilityCounts = HumilityCounts()
    probabilities: tuple[str, ...] = ()
    part: PartFile | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None


class ActualsSpec(Record, frozen=True, kw_only=True):
    """Take in one file of ground truth for `model`.

    `id` and `target` are the columns as the definition names them. `contract` is that of the model's dataset:
    a label reads here as it did in training. `classes` are the model's labels, empty for regression or when
    unknown. `amounts` are columns that terms of value name, kept where the file has them. Reading may use `memory_mb`.
    """

    model: str
    task: Task
    input_path: str
    name: str
    staging: str
    target: str
    id: str | None = None
    amounts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    arrived_at: datetime
    contract: Contract
    memory_mb: int = 512


class ActualsResult(Record, frozen=True, kw_only=True):
    """What was taken in: `rows` distinct ids. `part` is None for a file without usable rows.

    `empty` counts rows whose actual is not known yet, `repeated` rows that a later one of the
    same file replaced, `foreign` rows whose label is no class of the model; `notices` say how it was read.
    """

    model: str
    rows: int
    part: PartFile | None = None
    ignored: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    empty: int = 0
    repeated: int = 0
    foreign: int = 0


class ScoreTask(Record, frozen=True, kw_only=True):
    """Files to score, each with the id of its ledger row (empty for a file named by a person)."""

    files: tuple[tuple[str, ScoreSpec], ...]


class ScoreOutcome(Record, frozen=True, kw_only=True):
    """What became of one file: a result or an error, for which the file or the model is to blame (`fault`)."""

    file: str
    result: ScoreResult | None = None
    error: WireError | None = None
    fault: RequestFault = RequestFault.REFUSED


class ActualsTask(Record, frozen=True, kw_only=True):
    """Files of ground truth, each with the id of its ledger row."""

    files: tuple[tuple[str, ActualsSpec], ...]


class ActualsOutcome(Record, frozen=True, kw_only=True):
    """What became of one file: a result or an error."""

    file: str
    result: ActualsResult | None = None
    error: WireError | None = None


class CollectTask(Record, frozen=True, kw_only=True):
    """Segments of the serving process's log and how far each was taken in."""

    segments: tuple[tuple[str, int], ...]
    staging: str
    manifests: dict[str, str]
    key_path: str


class CollectedPart(Record, frozen=True, kw_only=True):
    """A part of one model version's predictions out of a segment; so many `requests` asked for them."""

    model: str
    model_version: int
    file: PartFile
    segment: str
    first_at: datetime
    last_at: datetime
    requests: int = 0
    humility: HumilityCounts = HumilityCounts()


class CollectOutcome(Record, frozen=True, kw_only=True):
    """What was collected: parts, requests that got no prediction, and the new offset of every segment."""

    parts: tuple[CollectedPart, ...]
    faults: tuple[FaultLine, ...] = ()
    offsets: dict[str, int]
    damaged: int = 0
    emptied: tuple[str, ...] = ()
