"""Why the column names of a file cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.remedy import FileVerb, Remedy
from shopfloor.domain.text import counted, listed, quoted, safe
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.remedies import WITHOUT, retried_with


def header_only() -> Reason:
    return Reason(
        code="header_only",
        message="The file has column names but no rows.",
        hint="Check the export's filter, then deliver the file again; or discard it.",
    )


def nothing_after_skipped(lines: int) -> Reason:
    return Reason(
        code="header_only",
        message=f"Nothing is left after the {count(lines)} lines that the parser settings skip.",
        remedies=(retried_with("Skip as many lines as stand before the header", "skip_lines", "N"),),
    )


def header_missing(cells: Sequence[str]) -> Reason:
    return Reason(
        code="header_missing",
        message=f"The first line contains values ({listed(cells, 3)}) where column names should be.",
        line=1,
        hint="Add a first line with the column names.",
    )


def header_below(line: int, names: Sequence[str]) -> Reason:
    above = "The first line is" if line == 2 else f"The first {count(line - 1)} lines are"
    return Reason(
        code="header_below",
        message=f"{above} no header; the column names ({listed(names, 3)}) stand on line {count(line)}.",
        line=line,
        remedies=(
            retried_with("Skip the lines above", "skip_lines", str(line - 1), note="(and --keep for all files)"),
        ),
    )


def header_too_long(limit: int) -> Reason:
    return Reason(
        code="header_too_long",
        message=f"The first line does not end within {count(limit // 1024)} KB, so it is not a header.",
        line=1,
        hint="Check the line ends and the quoting of the first line.",
    )


def empty_column_name(position: int) -> Reason:
    return Reason(
        code="empty_column_name",
        message=f"Column {position} has no name.",
        line=1,
        hint="Name it, or drop it. pandas writes its index like this; use to_csv(index=False).",
    )


def cell_without_name(row: int, position: int, value: object) -> Reason:
    return Reason(
        code="empty_column_name",
        message=f"Row {row} holds {quoted(value)} in column {position + 1}, which has no column name.",
        line=row,
        hint="Name the column.",
        remedies=(retried_with("If the header is further down", "skip_lines", "N"),),
    )


def duplicate_columns(names: Sequence[str], *, case: bool) -> Reason:
    what = "differ only in upper and lower case" if case else "occur more than once"
    return Reason(
        code="case_collision" if case else "duplicate_column_name",
        message=f"Column names {what}: {listed(names)}.",
        line=1,
        column=safe(names[0], 120),
        hint="Rename them so that each is unique.",
    )


def renamed_twice(names: Sequence[str]) -> Reason:
    return Reason(
        code="duplicate_column_name",
        message=f"The columns {listed(names)} are all the same column of the contract ([parser] rename).",
        line=1,
        column=safe(names[0], 120),
        hint="Remove the renaming from the contract's [parser], or one of the columns from the file.",
    )


def too_many_columns(found: int, limit: int) -> Reason:
    return Reason(
        code="too_many_columns",
        message=f"The file has {count(found)} columns; at most {count(limit)} are read.",
        line=1,
        hint="Deliver it in long form (one row per measurement), or drop columns.",
    )


def header_repeated(place: Place, times: int = 1) -> Reason:
    again = "again" if times == 1 else f"again, and {counted(times - 1, 'time')} more below"
    return Reason(
        code="header_repeated",
        message=f"{place.where} holds the column names {again}: several exports were combined in one file.",
        line=place.line,
        hint="Deliver them as several files, or with one header.",
        remedies=(WITHOUT,),
    )


def name_repeated(place: Place, times: int) -> Reason:
    """A table of one column with values that are its name, which may be what they mean."""
    again = "" if times == 1 else f", and so do {counted(times - 1, 'row')} below"
    return Reason(
        code="header_repeated",
        message=f"{place.where} holds the name of the only column{again}: a value, or the header of another export.",
        line=place.line,
        hint="If it is a header, deliver the exports as several files.",
        remedies=(Remedy(text="If it is a value", verb=FileVerb.ACCEPT),),
    )
