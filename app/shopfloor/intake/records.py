"""What the intake worker gets and gives back. Light: nothing heavy is imported here."""

from __future__ import annotations

from shopfloor.domain.columns import Column
from shopfloor.domain.contract import Contract, Mode
from shopfloor.domain.dataset import Part
from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.record import Record
from shopfloor.domain.reject import Reject
from shopfloor.formats.staged import Dated, StagedFile


class IntakeSpec(Record, frozen=True, kw_only=True):
    """One delivery: files that settled together, oldest first.

    `contract` None lets the first readable file decide; `mode` is used only then. `previous` are
    the parts of the newest version: needed for upsert, for files that supersede others and for
    rules of uniqueness over the whole dataset. `history` are the rows of recent files, needed by a band
    of the contract's volume. `withdrawn` names earlier files whose rows are to leave. `widen` lets the
    files change the types of columns: it is the contract with the rules that `contract` waives. `times`
    are models by the column that orders their rows, which never becomes text.
    `accepted` lets any row be left out. `columns` are those of the newest version. `newest` is the file that a
    snapshot would replace: one that is older is held. `staging` is a directory of this job alone, `objects`
    the lake's. `threads` 0 takes all processors.
    """

    dataset: str
    files: tuple[StagedFile, ...]
    staging: str
    objects: str
    contract: Contract | None = None
    mode: Mode = Mode.APPEND
    previous: tuple[Part, ...] = ()
    history: tuple[int, ...] = ()
    withdrawn: tuple[str, ...] = ()
    widen: Contract | None = None
    times: dict[str, str] = {}
    accepted: bool = False
    columns: tuple[Column, ...] = ()
    newest: Dated | None = None
    memory_mb: int = 512
    threads: int = 0


class StagedPart(Record, frozen=True, kw_only=True):
    """A part written to staging, to be published with `lake.objects.publish_part`."""

    path: str
    part: Part


class FileOutcome(Record, frozen=True, kw_only=True):
    """What became of one file: `committed` or `quarantined`.

    `records` is how many rows the file holds, counted without the parser (None where only the parser can
    tell): those of a committed file are in `rows` or in `rejected_rows`. `rows` are those accepted,
    `changed_rows` are stored rows that it gives other values, `rejected_rows` those left out within the contract's
    budget, and `rejects` the first of them with line, column and value; `superseded` are the earlier files whose
    rows it replaced, `corrects` the newest ingested one of its path. For a quarantined file `rows` is 0
    and `rejected_rows` counts what was found wrong; `fitting` are the rows that come in if it is accepted,
    where that is known.
    """

    id: str
    state: FileState
    rows: int = 0
    changed_rows: int = 0
    rejected_rows: int = 0
    fitting: int | None = None
    records: int | None = None
    reason: Reason | None = None
    notices: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    corrects: str | None = None
    rejects: tuple[Reject, ...] = ()


class TypeChange(Record, frozen=True, kw_only=True):
    """A column that a file gave another type; `file` is its printable name."""

    column: Column
    before: Column
    file: str


class IntakeResult(Record, frozen=True, kw_only=True):
    """The delivery as parts, in order, and one outcome per file, in the order of the spec.

    `replaces_parts` False: the next version is the previous parts and then `parts`. True: it is
    `kept` and then `parts`. `contract` is new, or has a higher revision and `notices` when it
    changed; None when there was none and no file could be read. `rows` counts the rows of
    `parts`. `absent` names columns of the contract that an accepted file did not have, `retyped` are
    those whose type an accepted file widened.
    """

    contract: Contract | None
    parts: tuple[StagedPart, ...] = ()
    kept: tuple[Part, ...] = ()
    files: tuple[FileOutcome, ...] = ()
    rows: int = 0
    columns: tuple[Column, ...] = ()
    mode: Mode = Mode.APPEND
    replaces_parts: bool = False
    contract_changed: bool = False
    absent: tuple[str, ...] = ()
    retyped: tuple[TypeChange, ...] = ()
    notices: tuple[str, ...] = ()
