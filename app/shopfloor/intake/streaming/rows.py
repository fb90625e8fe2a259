"""Posted JSON lines against the pinned contract: what is a row of the dataset, and what is not.

The bulk is one call of a compiled decoder. Only a post that it refuses is read line by line, by the
reader of single values that agrees with the file reader (`"12"`, `"NA"`, `2026-1-31`, a pinned format).
Rules about values are not checked here: they belong to the intake, which sees a delivery as a whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Any, NamedTuple

import msgspec

from shopfloor.domain.column_names import case_notice, collision, fold
from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.domain.contract import Contract, SchemaPolicy
from shopfloor.domain.errors import UsageError
from shopfloor.domain.missing import ALWAYS_MISSING
from shopfloor.domain.moments import InvalidValue
from shopfloor.domain.streaming import RowReject
from shopfloor.domain.text import safe
from shopfloor.formats.json_fault import keys_at_most, repeated_key, why_not_json
from shopfloor.formats.notation import same_iso
from shopfloor.formats.values import reader_of

MOST_REPORTED = 100
"""So many rejected rows are reported one by one."""
_NAMES = 10_000  # so many names are remembered; no file has as many columns
_UNROUNDED = msgspec.Meta(ge=-EXACT, le=EXACT)  # no whole number beyond is rounded unnoticed: it is read by itself
_WHOLE = msgspec.Meta(ge=-(2**63), le=2**63 - 1)


class PostedRows(NamedTuple):
    """What a post brings: accepted rows as JSON lines, and what was left out."""

    payload: bytes
    rows: int
    rejected: int = 0
    rejects: tuple[RowReject, ...] = ()
    notices: tuple[str, ...] = ()


class MalformedRows(UsageError):
    """A line is not JSON or no object: nothing of the post is taken."""

    default_code = "malformed_row"

    def __init__(self, line: int, what: str) -> None:
        super().__init__(
            f"Line {line} is not a row: {what}. Nothing of this post was added.",
            hint="Send one JSON object a line (NDJSON), UTF-8, each ended by a line feed.",
        )
        self.line = line


class _Unfit(Exception):
    """One row that is not of the dataset; the column is None where the row as a whole is meant."""

    def __init__(self, column: str | None, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


class RowCheck:
    """Reads posts for one state of a contract. May be used by several threads."""

    def __init__(self, contract: Contract | None) -> None:
        columns = tuple(map(contract.parser.governed, contract.columns)) if contract is not None else ()
        self._columns = {column.name: column for column in columns}
        self._missing = contract.parser.missing if contract is not None else ()
        # Of a column that has no type yet the first value decides.
        typed = (column for column in columns if column.type is not ColumnType.UNKNOWN)
        self._readers = {column.name: reader_of(column, self._missing) for column in typed}
        self._spelled = {fold(column.name): column.name for column in columns}
        if contract is not None:
            self._spelled |= contract.parser.renamed
        """Also of names that the contract does not know yet: as they were spelled first."""
        self._policy = contract.schema_policy if contract is not None else SchemaPolicy.EVOLVE
        key = contract.key if contract is not None else ()
        time = contract.time if contract is not None else None
        self._required = {*key, *(column.name for column in columns if not column.nullable)}
        # These a contract asks for in a file. Which rows share a file is chance here, so each row has to
        # name them, if only as null.
        strict = self._policy is SchemaPolicy.STRICT
        self._named = [column.name for column in columns if (strict and not column.optional) or column.name == time]
        """Rows that have every column; the bulk of a post, most often."""
        self._whole: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._shape(columns, whole=True))
        self._quick: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
            self._shape(columns) if columns else dict[str, Any]
        )
        self._keyed = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._plain = msgspec.json.Decoder(dict[str, Any])

    def read(self, body: bytes) -> PostedRows:
        """The rows of a post; raises `MalformedRows`."""
        return self._read(body, tolerant=False)

    def read_lines(self, body: bytes) -> PostedRows:
        """The same for lines that somebody else has written already: what is no row is only counted."""
        return self._read(body, tolerant=True)

    def _read(self, body: bytes, *, tolerant: bool) -> PostedRows:
        if body and not body.endswith(b"\n"):
            body += b"\n"
        if b"\r" in body:
            body = body.replace(b"\r\n", b"\n")
        return self._at_once(body) or self._one_by_one(body, tolerant)

    def _at_once(self, body: bytes) -> PostedRows | None:
        """All rows, when every line is one and fits."""
        if any(text in body for text in _NOT_QUICK):
            return None
        try:
            found, keys = self._decoded(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        # A decoder takes line feeds inside an object for blanks, the intake does not. Where every line
        # begins and ends with a brace and there are as many lines as objects, no line feed is inside one.
        rows = len(found)
        if keys != keys_at_most(body):
            return None
        if not rows or body.count(b"\n") != rows or body.count(b"}\n") != rows or body.count(b"\n{") != rows - 1:
            return None
        if not self._columns and (self._required or self._respelled(dict.fromkeys(chain.from_iterable(found)))):
            return None
        return PostedRows(body, rows)

    def _decoded(self, body: bytes) -> tuple[list[Any], int]:
        """The rows, and how many keys they have: a decoder keeps the last of equal ones, the intake refuses them."""
        if self._columns:
            with contextlib.suppress(msgspec.ValidationError):
                found = self._whole.decode_lines(body)
                return found, len(found) * len(self._columns)
        found = self._quick.decode_lines(body)
        return found, sum(map(len, self._keyed.decode_lines(body) if self._columns else found))

    def _one_by_one(self, body: bytes, tolerant: bool) -> PostedRows:
        good: list[bytes] = []
        rejects: list[RowReject] = []
        rejected = 0
        respelled: dict[str, str] = {}
        for number, line in _lines(body):
            try:
                others = self._read_line(line)
            except _Unfit as unfit:
                rejected += 1
                if len(rejects) < MOST_REPORTED:
                    rejects.append(RowReject(line=number, column=unfit.column, message=unfit.message))
            except _NotARow as error:
                if not tolerant:
                    raise MalformedRows(number, str(error)) from None
                rejected += 1
                if len(rejects) < MOST_REPORTED:
                    rejects.append(RowReject(line=number, message=f"It is not a row: {error}."))
            else:
                respelled |= others
                good.append(_renamed(line, others) if others else line)
        payload = b"\n".join(good) + b"\n" if good else b""
        notices = (case_notice(list(respelled.items())),) if respelled else ()
        return PostedRows(payload, len(good), rejected, tuple(rejects), notices)

    def _read_line(self, line: bytes) -> dict[str, str]:
        """Check one row; returns its names that are to be spelled otherwise, and how."""
        row = self._decode(line)
        if keys_at_most(line) != len(row) and (twice := repeated_key(line)) is not None:
            raise _Unfit(safe(twice, 80), "It is there twice.")
        clash = collision(row)
        if clash:
            raise _Unfit(safe(clash[1], 80), "Its name differs from another column's only in case.")
        others = self._respelled(row)
        if len({others.get(name, name) for name in row}) < len(row):
            raise _Unfit(safe(next(iter(others)), 80), "It is another name for a column that the row also has.")
        row = {others.get(name, name): value for name, value in row.items()}
        unknown = [name for name in row if name not in self._columns]
        if unknown and self._columns:
            self._allow(unknown)
        for name in self._named:
            if name not in row:
                raise _Unfit(name, "It is missing; the contract requires it, even if null.")
        values = self._values(row)
        for name in self._required:
            if values.get(name) is None:
                raise _Unfit(name, "It is missing; the contract requires it.")
        return others

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The values that the intake will read; raises `_Unfit`."""
        values: dict[str, Any] = {}
        for name, value in row.items():
            read = self._readers.get(name)
            try:
                values[name] = value if read is None else read(value)
            except InvalidValue as invalid:
                why = f": {invalid.reason}" if invalid.reason else ""
                raise _Unfit(name, f"{_shown(value)} is not a valid {self._columns[name].written}{why}.") from None
        return values

    def _decode(self, line: bytes) -> dict[str, Any]:
        try:
            return self._plain.decode(line)
        except msgspec.ValidationError:
            if line.lstrip().startswith(b"{"):
                raise _Unfit(None, f"It cannot be read: {why_not_json(line)}.") from None
            raise _NotARow(f"{_kind(line)} instead of an object") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _NotARow(f"it is not JSON: {why_not_json(line)}") from None

    def _allow(self, unknown: list[str]) -> None:
        if self._policy is SchemaPolicy.STRICT:
            raise _Unfit(safe(unknown[0], 80), "The contract does not have it, and the schema policy is strict.")
        for name in unknown:
            if not name.strip():
                raise _Unfit(None, "It has a column without a name.")

    def _respelled(self, names: Iterable[str]) -> dict[str, str]:
        """Those of `names` that are spelled otherwise in the dataset, or were in an earlier row, and how."""
        known = self._spelled
        if len(known) > _NAMES:
            return {name: first for name in names if (first := known.get(fold(name), name)) != name}
        return {name: first for name in names if (first := known.setdefault(fold(name), name)) != name}

    def _shape(self, columns: tuple[Column, ...], *, whole: bool = False) -> type[msgspec.Struct]:
        """A struct that takes exactly what the intake takes without a second look; only `whole` rows of it."""
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        names: dict[str, str] = {}
        for number, column in enumerate(columns):
            field = f"c{number}"
            names[field] = column.name
            kind = _QUICK[column.type] if self._is_quick(column) else _NEVER
            if column.name in self._required:
                fields.append((field, kind))
            elif whole or column.name in self._named:
                fields.append((field, kind | None))
            else:
                fields.append((field, kind | None, None))
        ordered = sorted(fields, key=len)  # msgspec requires fields without a default first
        return msgspec.defstruct("Row", ordered, rename=names, forbid_unknown_fields=True)

    def _is_quick(self, column: Column) -> bool:
        """False where a value's type alone does not say that it fits: it may be a missing word, or another day."""
        return same_iso(column.format) and not (self._missing and column.name in self._required)


class _NotARow(Exception):
    """A line that is not a JSON object."""


_QUICK: dict[ColumnType, Any] = {
    ColumnType.BOOLEAN: bool,
    ColumnType.INTEGER: Annotated[int, _WHOLE],
    ColumnType.NUMBER: Annotated[int, _UNROUNDED] | float,
    ColumnType.TEXT: str | int | float | bool | list[Any] | dict[str, Any],
    ColumnType.DATE: date,
    ColumnType.TIMESTAMP: datetime,
}
_QUICK[ColumnType.UNKNOWN] = _QUICK[ColumnType.TEXT]
_NEVER = Annotated[str, msgspec.Meta(pattern="(?!)")]
# Times that a distance from UTC takes out of the calendar, and a text that is missing.
_NOT_QUICK = (b'"0001-', b'"9999-', msgspec.json.encode(ALWAYS_MISSING))


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _renamed(line: bytes, names: Mapping[str, str]) -> bytes:
    """The line with other names for some columns; every value stays as it was written."""
    row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({names.get(name, name): value for name, value in row.items()})


def _kind(line: bytes) -> str:
    first = line.lstrip()[:1]
    names = {b"[": "an array", b'"': "a text", b"t": "a boolean", b"f": "a boolean", b"n": "null"}
    return names.get(first, "a number")


def _shown(value: Any) -> str:
    return safe(msgspec.json.encode(value).decode(), 60)
