"""Why rows of a file cannot be told apart or counted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.remedy import FileVerb, Remedy
from shopfloor.domain.text import counted, listed
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.remedies import REDELIVER, retried_with


def ragged_row(line: int | None, wanted: int, found: int | None) -> Reason:
    have = f"{found} fields" if found is not None else "a different number of fields"
    return Reason(
        code="ragged_row",
        message=f"Line {line} has {have} where the header has {wanted}.",
        line=line,
        hint=f"This is often a separator inside unquoted text. {REDELIVER}",
    )


def bad_quote(line: int | None, column: str | None) -> Reason:
    return Reason(
        code="bad_quote",
        message=f"Line {line} has a quote that is not closed, or text after a closing quote.",
        line=line,
        column=column,
        hint='Quote the whole field and double the quotes inside it ("").',
    )


_ESCAPE = retried_with("If a backslash escapes quotes in it, as Spark and MySQL write them", "escape", "\\")
_UNQUOTED = retried_with("Where quotes are ordinary characters", "quote", "none")


def open_quote(line: int, *, escapes: bool) -> Reason:
    return Reason(
        code="bad_quote",
        message=f"Line {line} opens a quote that is never closed, so the rows after it cannot be separated.",
        line=line,
        hint='Close it at the source, or double quotes inside text (""), and deliver the file again.',
        remedies=(_ESCAPE if escapes else _UNQUOTED,),
    )


def escaped_quotes(reason: Reason) -> Reason:
    """`reason`, of a file that has a backslash before a quote, with the way to say what it means."""
    if reason.code != "bad_quote":
        return reason
    return msgspec.structs.replace(reason, remedies=(*reason.remedies, _ESCAPE))


def quotes_and_line_ends() -> Reason:
    return Reason(
        code="unreadable",
        message="The file cannot be read as a table: its quotes and line ends do not fit together.",
        hint="Check with another program that it is complete, then deliver it again.",
    )


def line_too_long(line: int | None) -> Reason:
    return Reason(
        code="line_too_long",
        message=f"Line {line} is longer than 2 MB. An unclosed quote is the usual cause.",
        line=line,
        hint=REDELIVER,
    )


def totals_left_out(place: Place, columns: Sequence[str]) -> Reason:
    sums = f"{listed(columns, 3)}: the sum of the rows above"
    return Reason(
        code="totals_row",
        message=f"{place.where} is a totals row ({sums}), so it was left out.",
        line=place.line,
        hint="Leave it out at the source as well.",
    )


def below_totals(place: Place) -> Reason:
    return Reason(
        code="below_totals",
        message=f"{place.where} stands below the totals row, so it was left out.",
        line=place.line,
        hint="Leave it out at the source as well.",
    )


def rows_do_not_add_up(counted_rows: int, read: int, rejected: int, file: str = "") -> Reason:
    """Rows of the file (one of a delivery is named) that are neither read nor rejected, or that are not there."""
    return Reason(
        code="rows_do_not_add_up",
        message=f"{f'File {file}' if file else 'The file'} has {counted(counted_rows, 'row')}, "
        f"but {count(read)} were read and {count(rejected)} rejected.",
        hint=f"Stray quotes are the usual cause. {REDELIVER}",
        remedies=(Remedy(text="To find them", verb=FileVerb.REJECTS),),
    )
