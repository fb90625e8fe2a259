"""Why a file cannot be opened at all: its name, its bytes, its packing, the memory it needs."""

from __future__ import annotations

from shopfloor.domain import numbers
from shopfloor.domain.file import Reason
from shopfloor.domain.file_formats import deliverable
from shopfloor.domain.text import safe
from shopfloor.formats.reasons.bad_file import detail

_ADVICE = {
    # Measured: of one valid file in six cells out of seven were read as empty, without an error.
    ".xlsb": "Its binary cells cannot be read reliably. Save it as an Excel workbook (.xlsx), or the sheet as CSV.",
    ".fods": "Save it as .ods or .xlsx, or the sheet as CSV.",
    ".zip": "Unpack it, or compress each file with gzip.",
    ".txt": "If it is delimited text, name it .csv or .tsv.",
    ".arrow": "Write it as Parquet.",
    ".feather": "Write it as Parquet.",
    ".pkl": "Write it as Parquet. Pickles are never opened: they can run code.",
    ".pickle": "Write it as Parquet. Pickles are never opened: they can run code.",
    ".joblib": "Write it as Parquet. Pickles are never opened: they can run code.",
}


def not_there(name: str, why: str) -> Reason:
    return Reason(
        code="unreadable",
        message=f"{safe(name, 200)} cannot be read{': ' if why else ''}{safe(why, 80)}.",
        hint="Check the file's name and permissions.",
    )


def empty_file(*, packed: bool = False) -> Reason:
    """Nothing in it; `packed` where that shows only once it is unpacked."""
    return Reason(
        code="empty_file",
        message="The uncompressed file is empty." if packed else "The file is empty (0 bytes).",
        hint="Check that the export finished, then deliver the file again.",
    )


def blank_file() -> Reason:
    return Reason(
        code="empty_file",
        message="The file contains only whitespace.",
        hint="Check that the export finished, then deliver the file again.",
    )


def unread_extension(name: str) -> Reason:
    """No format has files of such a name."""
    lowered = name.lower()
    dot = lowered.rfind(".")
    suffix = lowered[dot:] if dot > 0 else ""
    what = (
        f"Files ending in {suffix!r} are not read."
        if suffix.isprintable() and suffix
        else "The file has no extension, so its format is unknown."
    )
    return Reason(
        code="extension",
        message=what,
        hint=_ADVICE.get(suffix, f"Deliver {deliverable()}."),
    )


def wrong_format(named: str, found: str) -> Reason:
    return Reason(
        code="wrong_format",
        message=f"The file has the extension of {named} but contains {found}.",
        hint=f"It was not opened. Deliver it under the extension that matches its content: {deliverable()}.",
    )


def bad_compression(what: str, detail: str) -> Reason:
    return Reason(
        code=f"bad_{what}",
        message=f"The {what} data is damaged: {detail}.",
        hint="The transfer was interrupted or changed the bytes: deliver the file again.",
    )


def expands_too_much(ratio: int, size: int) -> Reason:
    return Reason(
        code="expands_too_much",
        message=f"Uncompressed, the file is more than {ratio} times larger ({numbers.size(size)} and "
        "more), which is not plausible for a table.",
        hint="If it is correct, deliver it uncompressed and in parts.",
    )


def too_large_in_memory(memory_mb: int) -> Reason:
    return Reason(
        code="too_large_in_memory",
        message=f"Reading the file needs more than the {memory_mb} MB that intake is limited to.",
        hint="Deliver it in parts, or raise intake.memory_mb in workspace.toml.",
    )


def unreadable(said: str = "") -> Reason:
    return Reason(
        code="unreadable",
        message="The file cannot be read as a table.",
        hint=f"Check with another program that it is complete, then deliver it again.{detail(said)}",
    )


def parser_crashed(said: str = "") -> Reason:
    return Reason(
        code="parser_crashed",
        message="The parser process died while reading the file.",
        hint=f"The file may be malicious. Open it elsewhere with care, or discard it.{detail(said)}",
    )
