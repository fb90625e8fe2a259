"""A delivered file and where it stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shopfloor.domain.record import Record
from shopfloor.domain.remedy import Remedy


class FileState(StrEnum):
    """Every file ever seen is in exactly one of these states.

    `withdrawn` is a committed file whose rows have left the dataset since.
    """

    SETTLING = "settling"
    WAITING = "waiting"
    STAGED = "staged"
    COMMITTED = "committed"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    DISCARDED = "discarded"

    @property
    def unsettled(self) -> bool:
        """True while the engine still has work to do on the file."""
        return self in {FileState.SETTLING, FileState.WAITING, FileState.STAGED}


STREAM = "stream/"
"""What the paths of deliveries begin with that were streamed and not dropped."""


class FilePurpose(StrEnum):
    """The kind of drop folder of a file."""

    DATA = "data"
    SCORE = "score"
    ACTUALS = "actuals"


class Derivation(StrEnum):
    """What a file holds that a dataset's query made: its `whole` result, or the rows that one input `added`."""

    WHOLE = "whole"
    ADDED = "added"


class Reason(Record, frozen=True, kw_only=True):
    """Why a file is not in: a stable code, a sentence, and where in the file.

    `hint` says in words what to do. `remedies` say it as data until the file's id is known, and are words then.
    """

    code: str
    message: str
    line: int | None = None
    column: str | None = None
    hint: str = ""
    remedies: tuple[Remedy, ...] = ()


class FileRecord(Record, frozen=True, kw_only=True):
    """One delivered file. `dataset` is the dataset, or the model for scoring and actuals.

    `rows` came in; of a held file they are those that fit and would come in if it were accepted, None where
    nobody knows. `path` is relative to the workspace, safe to print. `bytes` is the size on disk. `corrects` is the
    earlier file of the same path, with other content. `changed_rows` are earlier rows that it gave other values.
    `notices` say how it was read. `derived` is set where no person or program delivered the file, but the query of its
    dataset made it.
    """

    id: str
    dataset: str
    path: str
    purpose: FilePurpose = FilePurpose.DATA
    sha256: str | None = None
    bytes: int = 0
    rows: int | None = None
    changed_rows: int = 0
    rejected_rows: int = 0
    state: FileState = FileState.SETTLING
    reason: Reason | None = None
    version: int | None = None
    duplicate_of: str | None = None
    corrects: str | None = None
    notices: tuple[str, ...] = ()
    seen_count: int = 1
    seen_at: datetime
    committed_at: datetime | None = None
    derived: Derivation | None = None

    @property
    def streamed(self) -> bool:
        """True for a delivery of streamed rows: the same rows twice are twice, not a duplicate."""
        return self.path.startswith(STREAM)

    @property
    def dropped(self) -> bool:
        """True for a file that lay in a drop folder."""
        return not self.streamed and self.derived is None
