"""What can be done with a delivered file that was not taken in."""

from __future__ import annotations

from shopfloor.actions import fields
from shopfloor.actions.action import REASON, SET, Action, Confirm, Input, InputKind, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.domain.contract import Parser
from shopfloor.domain.dataset import DatasetRecord
from shopfloor.domain.dialect import pairs_of
from shopfloor.domain.file import FilePurpose, FileRecord, FileState
from shopfloor.domain.numbers import count
from shopfloor.domain.record import Record
from shopfloor.domain.requests.files import (
    FileAccept,
    FileDiscard,
    FileInspect,
    FileRetry,
    FileShow,
    FileSupersede,
    FileWithdraw,
)
from shopfloor.domain.requests.workspace import Why
from shopfloor.domain.text import counted


def _id(record: Record) -> str:
    return record.id if isinstance(record, FileRecord) else ""


def _not_quarantined(record: Record) -> str | None:
    if isinstance(record, FileRecord) and record.state is not FileState.QUARANTINED:
        return f"The file is {record.state}, not quarantined."
    return None


def _not_kept_out(record: Record) -> str | None:
    kept_out = {FileState.QUARANTINED, FileState.DISCARDED}
    if isinstance(record, FileRecord) and record.state not in kept_out:
        return f"The file is {record.state}; only a quarantined or discarded file can be retried."
    return None


def _accept(ref: str, inputs: Inputs) -> FileAccept:
    return FileAccept(id=ref)


def _accept_types(ref: str, inputs: Inputs) -> FileAccept:
    return FileAccept(id=ref, types=True)


def _not_acceptable(record: Record) -> str | None:
    if isinstance(record, FileRecord) and record.purpose is not FilePurpose.DATA:
        return "A file for a model is read whole, with the types it was trained with."
    return _not_kept_out(record)


def _file(ref: str) -> FileShow:
    return FileShow(id=ref)


def _accepting(record: Record) -> str:
    """What accepting a held file does; the same words for every face."""
    if not isinstance(record, FileRecord):
        return ""
    return (
        f"{_taken(record)} Rules and volume are not checked. New columns join {record.dataset}, missing ones become"
        " optional."
    )


def _taken(record: FileRecord) -> str:
    name = record.path.rpartition("/")[2]
    if record.rows is None:
        return f"{name}: takes every row that fits."
    return f"{name}: takes {counted(record.rows, 'row')}, leaves out {count(record.rejected_rows)}."


def _accepting_types(record: Record) -> str:
    if not isinstance(record, FileRecord):
        return ""
    rows = f"all {count(record.rows + record.rejected_rows)} rows" if record.rows is not None else "all rows"
    return f"Takes {rows}. Models that need a number there stop training once the column is text."


def _discarding(record: Record) -> str:
    rows = "None of its rows is"
    if isinstance(record, FileRecord) and record.rows is not None:
        rows = f"None of its {counted(record.rows + record.rejected_rows, 'row')} is"
    return f"{rows} ingested; its record stays, and retry can bring it back while its bytes are kept."


def _withdrawing(record: Record) -> str:
    if not isinstance(record, FileRecord) or record.rows is None:
        return ""
    return f"{counted(record.rows, 'row')} of {record.dataset}@{record.version} leave it, in a new version."


def _discard(ref: str, inputs: Inputs) -> FileDiscard:
    return FileDiscard(id=ref, reason=inputs.get("reason", ""))


def _retry(ref: str, inputs: Inputs) -> FileRetry:
    skip = fields.whole(inputs.get("skip_lines", "0"), "lines to skip")
    marks = ("delimiter", "quote", "escape", "encoding", "decimal", "sheet")
    parser = Parser(
        **{name: inputs.get(name, "") for name in marks},
        skip_lines=skip,
        rename=pairs_of(inputs.get("rename", "")),
        missing=fields.names(inputs.get("missing", "")),
    )
    return FileRetry(id=ref, parser=parser, keep=inputs.get("keep") == SET)


def _not_in(record: Record) -> str | None:
    if not isinstance(record, FileRecord):
        return None
    if record.state is FileState.WITHDRAWN:
        return "Its rows have already been withdrawn."
    if record.state is not FileState.COMMITTED or record.purpose is not FilePurpose.DATA:
        return f"The file is {record.state}; only rows that are in a dataset can be withdrawn."
    return None


def _corrects_none(record: Record) -> str | None:
    if isinstance(record, FileRecord) and record.corrects is None:
        return "No earlier file was delivered under the same path."
    return _not_in(record)


def _supersede(ref: str, inputs: Inputs) -> FileSupersede:
    return FileSupersede(id=ref)


def _place(record: Record) -> dict[str, str]:
    """Where one asks from: the file's own path, or the drop folder of the dataset."""
    if isinstance(record, FileRecord):
        return {"path": record.path}
    return {"path": f"inbox/{record.name}/"} if isinstance(record, DatasetRecord) else {}


def _why(ref: str, inputs: Inputs) -> Why:
    return Why(ref=inputs["path"])


def _withdraw(ref: str, inputs: Inputs) -> FileWithdraw:
    return FileWithdraw(id=ref, reason=inputs.get("reason", ""))


def _inspect(ref: str, inputs: Inputs) -> FileInspect:
    return FileInspect(id=ref)


# All may stay empty: then the contract says how the file is read.
_SETTINGS = (
    Input(name="delimiter", label="Delimiter", help="The field separator: one character, tab or \\x1f."),
    Input(name="encoding", label="Encoding", help="Such as windows-1252, iso-8859-15 or utf-16."),
    Input(name="decimal", label="Decimal mark", help="A point or a comma.", kind=InputKind.CHOICE, choices=(".", ",")),
    Input(name="quote", label="Quote", help="The quote mark, or none where quotes are ordinary text."),
    Input(
        name="escape",
        label="Escape",
        help="The character that escapes quotes inside text, such as a backslash (default: doubled quotes).",
    ),
    Input(name="sheet", label="Sheet", help="The sheet of an Excel workbook (default: the first)."),
    Input(name="skip_lines", label="Skip lines", help="The number of lines before the header.", kind=InputKind.NUMBER),
    Input(
        name="rename",
        label="Rename",
        help="Renamed columns: name in the file=name in the contract, separated by commas.",
        kind=InputKind.NAMES,
    ),
    Input(
        name="missing",
        label="Missing",
        help="Words that mean a missing value, such as -999 or k.A., separated by commas.",
        kind=InputKind.NAMES,
    ),
    Input(
        name="keep",
        label="Keep",
        help="Save these settings in the contract once the file is committed; they then apply to all files.",
        kind=InputKind.FLAG,
    ),
)

ACTIONS = (
    Action(
        name="file.accept",
        key="A",
        label="Accept",
        help="Ingest a quarantined file without the rows that do not fit their column's type; its rules are waived.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        confirm=Confirm(question="Ingest {ref} without the rows that do not fit?", effect=_accepting, show=_file),
        cli="shopfloor file accept {ref}",
        rank=11,
        ref=_id,
        why_not=_not_acceptable,
        build=_accept,
        timeout=120.0,
    ),
    Action(
        name="file.accept_types",
        key="T",
        label="Accept types",
        help="Ingest all rows of a quarantined file: columns take the narrowest type that fits it and earlier rows.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        confirm=Confirm(
            question="Change column types to fit {ref} and all earlier rows, and ingest it?",
            effect=_accepting_types,
            show=_file,
        ),
        cli="shopfloor file accept --types {ref}",
        rank=11,
        ref=_id,
        why_not=_not_acceptable,
        build=_accept_types,
        timeout=120.0,
    ),
    Action(
        name="file.retry",
        key="r",
        label="Retry",
        help="Ingest a quarantined or discarded file again, with the current contract or other parser settings.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        cli="shopfloor file retry {ref} [--delimiter {delimiter}] [--encoding {encoding}] [--decimal {decimal}]"
        " [--quote {quote}] [--escape {escape}] [--sheet {sheet}] [--skip-lines {skip_lines}] [--rename {rename}]"
        " [--missing {missing}] [--keep{keep!}]",
        inputs=_SETTINGS,
        rank=12,
        ref=_id,
        why_not=_not_kept_out,
        build=_retry,
        timeout=120.0,
    ),
    Action(
        name="file.discard",
        key="D",
        label="Discard",
        help="Discard a quarantined file; its record stays.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        confirm=Confirm(question="Discard {ref}?", effect=_discarding, show=_file),
        cli="shopfloor file discard {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=13,
        ref=_id,
        why_not=_not_quarantined,
        build=_discard,
        before=_file,
    ),
    Action(
        name="file.inspect",
        key="v",
        label="View",
        help="Show the lines of a quarantined file around its failure.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        cli="shopfloor file inspect {ref}",
        rank=14,
        ref=_id,
        why_not=_not_quarantined,
        build=_inspect,
        shows=True,
    ),
    Action(
        name="file.withdraw",
        key="W",
        label="Withdraw",
        help="Remove a committed file's rows from its dataset, in a new version.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        confirm=Confirm(question="Remove the rows of {ref}?", effect=_withdrawing, show=_file),
        cli="shopfloor file withdraw {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=15,
        ref=_id,
        why_not=_not_in,
        build=_withdraw,
    ),
    Action(
        name="file.supersede",
        key="U",
        label="Supersede",
        help="Let this file replace earlier files of the same path, in a new version.",
        scopes=(Scope.DATASETS,),
        records=(FileRecord,),
        confirm=Confirm(question="Let {ref} replace the rows of earlier files of the same path?"),
        cli="shopfloor file supersede {ref}",
        rank=15,
        ref=_id,
        why_not=_corrects_none,
        build=_supersede,
    ),
    Action(
        name="file.why",
        key="t",
        label="Why?",
        help="Explain why a path was, or was not, ingested.",
        scopes=(Scope.DATASETS,),
        cli="shopfloor file why {path}",
        inputs=(
            Input(
                name="path",
                label="Path",
                help="Absolute, or from the workspace on: inbox/NAME/file.csv.",
                kind=InputKind.PATH,
                required=True,
            ),
        ),
        rank=40,
        prefill=_place,
        build=_why,
        shows=True,
    ),
)
