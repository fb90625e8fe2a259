"""Why a file is not let in: every reason as a code, a sentence and a hint, in one place."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shopfloor.domain import numbers
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import DataError
from shopfloor.domain.file import Reason
from shopfloor.domain.file_formats import deliverable
from shopfloor.domain.missing import LONGEST
from shopfloor.domain.number_format import COMMA, POINT
from shopfloor.domain.numbers import count
from shopfloor.domain.reject import Reject
from shopfloor.domain.text import counted, safe
from shopfloor.formats.notation import GROUPS

_NOUNS = {
    ColumnType.BOOLEAN: "true or false",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.TEXT: "text",
    ColumnType.DATE: "a date (such as 2026-01-31)",
    ColumnType.TIMESTAMP: "a time (such as 2026-01-31T08:30:00)",
    ColumnType.UNKNOWN: "a missing value",
}
_GROUPS = re.compile(GROUPS, re.ASCII)
_DAY_ORDER = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2[0-9]{4}( [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?")
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{19,}")
_ENCODINGS = {"cp1252": "Windows-1252 (Latin-1), nor in UTF-8"}
_REDELIVER = "Correct it at the source and deliver the file again."
_WITHOUT = "Without such rows: shopfloor file accept ID"
_BROKEN = {"ragged_row", "bad_quote", "json_malformed", "json_shape", "line_too_long"}  # rows that no contract mends
_WIDEN = "Or let the column take the file's type, in a new revision of the contract: shopfloor file accept --types ID"


@dataclass(frozen=True)
class Place:
    """Where a value stands: its physical line in a text file, else its row, both from 1."""

    line: int | None = None
    row: int | None = None

    @property
    def where(self) -> str:
        """The start of a sentence about the row there."""
        if self.line is not None:
            return f"Line {count(self.line)}"
        return f"Row {count(self.row)}" if self.row is not None else "A row"

    @property
    def words(self) -> str:
        """The start of a sentence about a column there."""
        if self.line is not None:
            return f"Line {self.line}, column"
        return f"Row {self.row}, column" if self.row is not None else "Column"


class BadFile(DataError):
    """A file cannot be taken in. Carries the `reason` for its record."""

    default_code = "bad_file"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message, hint=reason.hint, code=reason.code)
        self.reason = reason

    @property
    def line(self) -> int | None:
        """The line that is to blame, from 1, where one is."""
        return self.reason.line

    @property
    def column(self) -> str | None:
        """The column that is to blame, where one is."""
        return self.reason.column


def shown(value: object, limit: int = 60) -> str:
    """A value from data in quotes, printable and bounded."""
    return f"'{safe(value, limit)}'"


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Up to `limit` column names as words."""
    words = ", ".join(shown(name) for name in names[:limit])
    return f"{words} and {len(names) - limit} more" if len(names) > limit else words


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
        hint="Set skip_lines to the number of lines before the header: shopfloor file retry ID --skip-lines N",
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
        hint=f"Skip the lines above: shopfloor file retry ID --skip-lines {line - 1} (and --keep for all files).",
    )


def empty_column_name(position: int) -> Reason:
    return Reason(
        code="empty_column_name",
        message=f"Column {position} has no name.",
        line=1,
        hint="Name it, or drop it. pandas writes its index like this; use to_csv(index=False).",
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


def header_too_long(limit: int) -> Reason:
    return Reason(
        code="header_too_long",
        message=f"The first line does not end within {count(limit // 1024)} KB, so it is not a header.",
        line=1,
        hint="Check the line ends and the quoting of the first line.",
    )


def not_utf8(line: int | None, detail: str = "") -> Reason:
    where = f"Line {line} contains" if line else "The file contains"
    return Reason(
        code="not_utf8",
        message=f"{where} bytes that are not UTF-8 text{', ' if detail else ''}{detail}.",
        line=line,
        hint="Deliver it as UTF-8, or name its encoding: shopfloor file retry ID --encoding windows-1252",
    )


def undecodable(line: int | None, encoding: str) -> Reason:
    where = f"Line {line} contains" if line else "The file contains"
    return Reason(
        code="encoding",
        message=f"{where} bytes that are not text in {_ENCODINGS.get(encoding, safe(encoding, 40))}.",
        line=line,
        hint="Name another encoding: shopfloor file retry ID --encoding NAME. Or deliver the file as UTF-8.",
    )


def nul_bytes(line: int, *, utf16: bool) -> Reason:
    hint = (
        "It looks like UTF-16: name the encoding, for example with shopfloor file retry ID --encoding utf-16-le."
        if utf16
        else "This is often the end of an interrupted copy: export the file again."
    )
    return Reason(
        code="nul_bytes",
        message=f"Line {line} contains NUL bytes, so this is not a text file.",
        line=line,
        hint=hint,
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


def wrong_format(named: str, found: str) -> Reason:
    return Reason(
        code="wrong_format",
        message=f"The file has the extension of {named} but contains {found}.",
        hint=f"It was not opened. Deliver it under the extension that matches its content: {deliverable()}.",
    )


def workbook_damaged(detail: str) -> Reason:
    return Reason(
        code="workbook_damaged",
        message=f"The workbook cannot be read: {safe(detail, 160) or 'its content is damaged'}",
        hint="Open it in Excel, which may repair it, save it and deliver it again; or save the sheet as CSV.",
    )


def workbook_locked() -> Reason:
    return Reason(
        code="workbook_locked",
        message="The workbook is protected with a password.",
        hint="Save it without a password (File, Info, Protect Workbook), or save the sheet as CSV.",
    )


def workbook_too_large(cells: int, limit: int) -> Reason:
    return Reason(
        code="workbook_too_large",
        message=f"The sheet spans {count(cells)} cells; with the memory limit of intake, {count(limit)} can be read.",
        hint="Save it as CSV or Parquet, which have no such limit; or raise intake.memory_mb in workspace.toml. "
        "A single value far below or right of the table also makes a sheet this large.",
    )


def workbook_formulas(cells: int) -> Reason:
    return Reason(
        code="workbook_formulas",
        message=f"{count(cells)} formulas have no stored result, so their values are unknown.",
        hint="The program that wrote the workbook did not calculate it. Open it in Excel, save it, "
        "and deliver it again.",
    )


def sheet_missing(wanted: str, sheets: Sequence[str]) -> Reason:
    have = f"it has {listed(sheets)}" if sheets else "it has none with a table"
    return Reason(
        code="sheet_missing",
        message=f"The workbook has no sheet {shown(wanted)}; {have}." if wanted else f"No sheet: {have}.",
        hint="Name the sheet: shopfloor file retry ID --sheet NAME",
    )


def empty_sheet() -> Reason:
    return Reason(
        code="empty_file",
        message="The sheet is empty.",
        hint="Name the sheet that holds the table: shopfloor file retry ID --sheet NAME",
    )


def cell_without_name(row: int, position: int, value: object) -> Reason:
    return Reason(
        code="empty_column_name",
        message=f"Row {row} holds {shown(value)} in column {position + 1}, which has no column name.",
        line=row,
        hint="Name the column. If the header is further down: shopfloor file retry ID --skip-lines N",
    )


def parquet_truncated() -> Reason:
    return Reason(
        code="parquet_truncated",
        message="The Parquet file has no footer: its end is missing.",
        hint="The writer or the transfer was interrupted: deliver the file again.",
    )


def parquet_damaged(detail: str) -> Reason:
    return Reason(
        code="parquet_damaged",
        message=f"The Parquet file cannot be read: {safe(detail, 160)}",
        hint="Write it again, with another program if possible.",
    )


def json_malformed(line: int | None, detail: str) -> Reason:
    where = f"Line {line}" if line else "The file"
    return Reason(
        code="json_malformed",
        message=f"{where} is not valid JSON: {safe(detail, 120)}.",
        line=line,
        hint="Write one JSON object per line, or one array of objects.",
    )


def json_shape(detail: str, line: int | None = None) -> Reason:
    return Reason(
        code="json_shape",
        message=f"The JSON is not a table: {detail}.",
        line=line,
        hint="Write one JSON object per line (JSON lines), or one array of objects.",
    )


def too_large_in_memory(memory_mb: int) -> Reason:
    return Reason(
        code="too_large_in_memory",
        message=f"Reading the file needs more than the {memory_mb} MB that intake is limited to.",
        hint="Deliver it in parts, or raise intake.memory_mb in workspace.toml.",
    )


def unsupported_type(column: str, kind: str) -> Reason:
    return Reason(
        code="unsupported_type",
        message=f"Column {shown(column)} holds {safe(kind, 60)}, which cannot be stored in a table.",
        column=safe(column, 120),
        hint="Drop the column, or write it as text.",
    )


def unreadable(detail: str) -> Reason:
    return Reason(
        code="unreadable",
        message=f"The file cannot be read as a table: {safe(detail, 200)}",
        hint="Check with another program that it is complete, then deliver it again.",
    )


def ragged_row(line: int | None, wanted: int, found: int | None) -> Reason:
    have = f"{found} fields" if found is not None else "a different number of fields"
    return Reason(
        code="ragged_row",
        message=f"Line {line} has {have} where the header has {wanted}.",
        line=line,
        hint=f"This is often a separator inside unquoted text. {_REDELIVER}",
    )


def bad_quote(line: int | None, column: str | None) -> Reason:
    return Reason(
        code="bad_quote",
        message=f"Line {line} has a quote that is not closed, or text after a closing quote.",
        line=line,
        column=column,
        hint='Quote the whole field and double the quotes inside it ("").',
    )


_ESCAPE = "If a backslash escapes quotes in it, as Spark and MySQL write them: shopfloor file retry ID --escape '\\'"


def open_quote(line: int, *, escapes: bool) -> Reason:
    hint = _ESCAPE if escapes else "Where quotes are ordinary characters: shopfloor file retry ID --quote none"
    return Reason(
        code="bad_quote",
        message=f"Line {line} opens a quote that is never closed, so the rows after it cannot be separated.",
        line=line,
        hint=f'Close it at the source, or double quotes inside text (""), and deliver the file again. {hint}',
    )


def escaped_quotes(reason: Reason) -> Reason:
    """`reason`, of a file that has a backslash before a quote, with the way to say what it means."""
    return msgspec.structs.replace(reason, hint=f"{reason.hint} {_ESCAPE}") if reason.code == "bad_quote" else reason


def totals_row(place: Place, columns: Sequence[str]) -> Reason:
    sums = f"{listed(columns, 3)}: the sum of the rows above"
    return Reason(
        code="totals_row",
        message=f"{place.where} is a totals row ({sums}), so it was left out.",
        line=place.line,
        hint="Leave it out at the source as well.",
    )


def header_repeated(place: Place, times: int = 1) -> Reason:
    again = "again" if times == 1 else f"again, and {counted(times - 1, 'time')} more below"
    return Reason(
        code="header_repeated",
        message=f"{place.where} holds the column names {again}: several exports were combined in one file.",
        line=place.line,
        hint=f"Deliver them as several files, or with one header. {_WITHOUT}",
    )


def name_repeated(place: Place, times: int) -> Reason:
    """A table of one column with values that are its name, which may be what they mean."""
    again = "" if times == 1 else f", and so do {counted(times - 1, 'row')} below"
    return Reason(
        code="header_repeated",
        message=f"{place.where} holds the name of the only column{again}: a value, or the header of another export.",
        line=place.line,
        hint="If it is a value: shopfloor file accept ID. If it is a header, deliver the exports as several files.",
    )


def rows_do_not_add_up(counted_rows: int, read: int, rejected: int, file: str = "") -> Reason:
    """Rows of the file (one of a delivery is named) that are neither read nor rejected, or that are not there."""
    return Reason(
        code="rows_do_not_add_up",
        message=f"{f'File {file}' if file else 'The file'} has {counted(counted_rows, 'row')}, "
        f"but {count(read)} were read and {count(rejected)} rejected.",
        hint=f"Stray quotes are the usual cause; find them with shopfloor file rejects ID. {_REDELIVER}",
    )


def line_too_long(line: int | None) -> Reason:
    return Reason(
        code="line_too_long",
        message=f"Line {line} is longer than 2 MB. An unclosed quote is the usual cause.",
        line=line,
        hint=_REDELIVER,
    )


def bad_value(place: Place, column: str, kind: ColumnType, value: object, format: str = "") -> Reason:
    noun = f"{kind.value} written as {format}" if format else _NOUNS[kind].removeprefix("a ")
    article = "" if kind in {ColumnType.TEXT, ColumnType.BOOLEAN} else "a "
    why = f"is not {article}{noun}"
    if kind is ColumnType.INTEGER and _WHOLE_NUMBER.fullmatch(str(value).strip()):
        why = "has more than the 64 bits of a whole number"
    if (kind is ColumnType.INTEGER or format == COMMA) and _GROUPS.fullmatch(str(value).strip()):
        return _two_ways(place, column, str(value).strip(), format)
    if kind.temporal and not format and (orders := _day_orders(str(value).strip())):
        why += f"; format = {' or '.join(orders)} would say which day it is"
    return Reason(
        code="bad_value",
        message=f"{place.words} {shown(column)}: {shown(value)} {why}.",
        line=place.line,
        column=safe(column, 120),
        hint=f"{_REDELIVER} {_WIDEN}{_declare(str(value))}",
    )


def _day_orders(value: str) -> list[str]:
    """The formats under which a text that begins like 03/04/2026 is a day."""
    found = _DAY_ORDER.fullmatch(value)
    if found is None:
        return []
    mark, clock = found[2], ("", " %H:%M", " %H:%M:%S")[(found[4] or "").count(":")]
    orders = [("%d", "%m")] * (int(found[3]) <= 12) + [("%m", "%d")] * (int(found[1]) <= 12)
    return [f'"{first}{mark}{second}{mark}%Y{clock}"' for first, second in orders]


def _two_ways(place: Place, column: str, value: str, format: str) -> Reason:
    """A number whose points stand between thousands or before decimals, which the file does not tell."""
    thousands = value.replace(".", "")
    written = f", in a column written as {format}," if format else ""
    return Reason(
        code="bad_value",
        message=f"{place.words} {shown(column)}: {shown(value)}{written} may mean {thousands}, "
        f"or {value} with a decimal point.",
        line=place.line,
        column=safe(column, 120),
        hint=f'Pin it in the contract: type = "number" and format = "{COMMA}" (or "{POINT}") for the column, '
        'decimal = "," (or ".") under [parser].',
    )


def _declare(value: str) -> str:
    """How to say that a word stands for no value; empty for what is no word."""
    word = value.strip(" ")
    if not word.isprintable() or not 0 < len(word) <= LONGEST or any(map(str.isdigit, word)) or "," in word:
        return ""
    return f". If it means a missing value: shopfloor file retry ID --missing {shlex.quote(word)} --keep"


def missing_value(place: Place, column: str, why: str) -> Reason:
    return Reason(
        code="missing_value",
        message=f"{place.words} {shown(column)} is empty, but {why}.",
        line=place.line,
        column=safe(column, 120),
        hint=_REDELIVER,
    )


def broken_rule(place: Place, column: str, value: object, rule: str) -> Reason:
    return Reason(
        code="rule",
        message=f"{place.words} {shown(column)}: {shown(value)} breaks the rule {rule}.",
        line=place.line,
        column=safe(column, 120),
        hint=f"{_REDELIVER} Or change the rule in the contract, then retry the file.",
    )


def broken_condition(place: Place, condition: str) -> Reason:
    return Reason(
        code="condition",
        message=f"{place.where} breaks the condition {shown(condition, 120)}.",
        line=place.line,
        hint=f"{_REDELIVER} Or change the condition in the contract, then retry the file.",
    )


def undivided(reason: Reason) -> Reason:
    """`reason` for a file that is read whole or not at all: no hint to leave rows out."""
    return msgspec.structs.replace(reason, hint=reason.hint.replace(_WITHOUT, "").strip())


def of_reject(reject: Reject) -> Reason:
    """The reason of a whole file that is held for one of its rows."""
    hint = f"{_REDELIVER} Or change the contract, then retry the file."
    if reject.code == "bad_value":
        hint = f"{_REDELIVER} {_WIDEN}. {_WITHOUT}{_declare(reject.value or '')}"
    elif reject.code in _BROKEN:
        hint = f"{_REDELIVER} {_WITHOUT}"
    return Reason(
        code=reject.code,
        message=reject.message,
        line=reject.line,
        column=reject.column,
        hint=hint,
    )


def volume(rows: int, why: str) -> Reason:
    return Reason(
        code="volume",
        message=f"The file has {counted(rows, 'row')}; {why}.",
        hint="Check that the export is complete. If it is correct, accept it, or change [volume] in the contract.",
    )


def older_snapshot(dated: datetime | None, newest: str, newest_dated: datetime | None) -> Reason:
    """A whole picture from before the one that is in."""
    if dated is not None and newest_dated is not None:
        why = f"It is of {_day(dated)}; {shown(newest)}, which is already committed, is of {_day(newest_dated)}."
    else:
        why = f"It is older than {shown(newest)}, which is already committed."
    return Reason(
        code="older_snapshot",
        message=f"{why} In snapshot mode it would replace newer rows.",
        hint="To ingest it anyway: shopfloor file accept ID. Otherwise discard it: shopfloor file discard ID",
    )


def _day(moment: datetime) -> str:
    midnight = moment.time() == moment.time().min
    return moment.date().isoformat() if midnight else moment.isoformat(sep=" ", timespec="minutes")


def columns_changed(
    added: Sequence[str], removed: Sequence[str], dataset: str, renames: Sequence[tuple[str, str]] = ()
) -> Reason:
    """New columns under a strict contract, or (also) columns that are gone. `renames` are pairs of a new
    column and the one of the contract that it looks like.
    """
    parts = []
    if added:
        parts.append(f"new: {listed(added)}")
    if removed:
        parts.append(f"missing: {listed(removed)}")
    code = "columns_changed" if added and removed else "column_new" if added else "column_missing"
    seen = "; ".join(f"{shown(new)} looks like {shown(old)} renamed" for new, old in renames)
    first = removed[0] if removed else added[0]
    fix = (
        f"If it was removed permanently, set optional = true for it in datasets/{dataset}.toml"
        if removed
        else f'Add it in datasets/{dataset}.toml, or set schema_policy = "evolve"'
    )
    return Reason(
        code=code,
        message=f"The columns differ from the contract ({'; '.join(parts)}).{f' {seen}.' if seen else ''}",
        line=1,
        column=safe(first, 120),
        hint=f"{_rename_command(renames)}{fix}, then retry the file.",
    )


def columns_missing(names: Sequence[str], guess: str) -> Reason:
    """Columns that a reader needs; `guess` is one of the file that looks like the first of them, or empty."""
    more = f" ({len(names)} columns are missing in all: {listed(names)})" if len(names) > 1 else ""
    hint = (
        f"Is {shown(guess)} a misspelling of it?" if guess else "Add it, with empty cells where the value is unknown."
    )
    return Reason(
        code="missing_column",
        message=f"Column {shown(names[0])} is missing{more}.",
        column=safe(names[0], 120),
        hint=hint,
    )


def _rename_command(renames: Sequence[tuple[str, str]]) -> str:
    """The command that takes the file in with its columns under the contract's names."""
    writable = [f"{new}={old}" for new, old in renames if not {"=", ","} & {*new, *old}]
    if not writable:
        return ""
    options = " ".join(f"--rename {shlex.quote(safe(pair, 300))}" for pair in writable)
    return f"To treat them as the same: shopfloor file retry ID {options} --keep (without --keep, for this file only). "


def column_retyped(column: str, kind: ColumnType, found: str, dataset: str) -> Reason:
    return Reason(
        code="column_retyped",
        message=f"Column {shown(column)} holds {safe(found, 60)} where the contract says {kind.value}.",
        column=safe(column, 120),
        hint=f"{_REDELIVER} {_WIDEN}",
    )


def type_blocked(before: Column, after: Column, dataset: str, why: str) -> Reason:
    return Reason(
        code="type_blocked",
        message=f"Column {shown(before.name)} would become {after.type.value} ({before.type.value} so far), "
        f"but it {why}, which a {after.type.value} column does not allow.",
        column=safe(before.name, 120),
        hint=f"{_REDELIVER} Or remove that from datasets/{dataset}.toml, then: shopfloor file accept --types ID",
    )


def time_blocked(before: Column, model: str) -> Reason:
    return Reason(
        code="time_blocked",
        message=f"Column {shown(before.name)} ({before.type.value}) would become text, but model {safe(model, 60)} "
        "orders its rows by it, and text cannot order rows by time.",
        column=safe(before.name, 120),
        hint=f"{_REDELIVER} Or set its format in the contract, then shopfloor file retry ID.",
    )


def types_blocked(dataset: str, why: str) -> Reason:
    return Reason(
        code="type_blocked",
        message=f"The contract would be invalid with the file's types: {safe(why, 200)}",
        hint=f"{_REDELIVER} Or change datasets/{dataset}.toml, then: shopfloor file accept --types ID",
    )


def crashed(detail: str) -> Reason:
    return Reason(
        code="parser_crashed",
        message=f"The parser process died while reading the file ({safe(detail, 120)}).",
        hint="The file may be malicious. Open it elsewhere with care, or discard it.",
    )


def of_many(first: Reason, bad: int, rows: int) -> Reason:
    """`first` as the reason for the whole file, saying how many rows are wrong."""
    if bad <= 1:
        return first
    return Reason(
        code=first.code,
        message=f"{count(bad)} of {count(rows)} rows are wrong. The first: {first.message}",
        line=first.line,
        column=first.column,
        hint=first.hint,
    )
