"""JSON: lines of objects, or one array of them; lines that are no object are rejected with their place."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from shopfloor.domain.file import Reason
from shopfloor.domain.numbers import count
from shopfloor.domain.reject import MOST, Reject
from shopfloor.duck.sql import text
from shopfloor.formats.evidence import rejected
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import LastLine, PreparedFile, Source, head_of
from shopfloor.formats.json_fault import entry_fault, line_fault, repeated_key
from shopfloor.formats.json_lines import JsonLinesFormat
from shopfloor.formats.quoting import Quoting
from shopfloor.formats.reasons.bad_file import BadFile, Place
from shopfloor.formats.reasons.files import blank_file
from shopfloor.formats.reasons.headers import header_only
from shopfloor.formats.reasons.json import json_malformed, json_shape
from shopfloor.formats.reasons.rejects import reason_of_many, reason_of_reject
from shopfloor.formats.rowcount import count_entries, count_lines
from shopfloor.formats.shape import Shape
from shopfloor.formats.text import closed, plain, tidied, unmarked

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TWICE = "json_type(json) = 'OBJECT' AND len(list_distinct(json_keys(json))) < len(json_keys(json))"
"""SQL that is true for an object with a key that occurs twice."""

_WINDOW, _LARGEST = 1 << 20, 16 << 20
_COMMA = "Expecting ',' delimiter"
_NESTED = 100  # braces in the last entry of an array
_BETWEEN = re.compile(r"[ \t\r\n]*")


class LinesFormat(JsonLinesFormat):
    """One object a line."""

    label = "JSON"
    sparse = True
    by_line = True

    def open(self, source: Source) -> PreparedFile:
        path, notices = _plain(source)
        start = _start(path)
        if start == b"[":
            return _ARRAY.opened(source, path, notices)
        path = closed(path, source.scratch("closed"))
        objects = ObjectLines(path)
        try:
            names = self._names(source, path)
        except BadFile as error:
            if error.reason.code not in {"json_malformed", "json_shape"}:
                raise
            objects = only_objects(source.connection, path, source.scratch("fitting"))
            names = self._names(source, objects.path)
        return PreparedFile(
            source.file,
            self.shape(names),
            objects.path,
            count_lines(path),
            notices,
            bad=objects.bad,
            rejects=objects.rejects,
        )

    def _names(self, source: Source, path: Path) -> tuple[str, ...]:
        """All keys of all objects, in order of first appearance."""
        objects = (
            f"(SELECT json, row_number() OVER () AS n FROM read_json_objects("
            f"{text(str(path))}, format = '{self.form}', compression = 'none'))"
        )
        connection = source.connection
        try:
            other = connection.execute(
                f"SELECT n, {_TWICE} FROM {objects} WHERE json_type(json) <> 'OBJECT' OR {_TWICE} ORDER BY n LIMIT 1"
            ).fetchone()
            if other is not None:
                what = "has the same key twice" if other[1] else "is not an object"
                raise BadFile(json_shape(f"entry {other[0]} {what}"))
            found = connection.execute(
                f"SELECT key, min(n), arg_min(place, n) FROM (SELECT n, unnest(json_keys(json)) AS key,"
                f" generate_subscripts(json_keys(json), 1) AS place FROM {objects}) "
                "GROUP BY key ORDER BY 2, 3"
            ).fetchall()
        except (duckdb.Error, MemoryError) as error:
            raise BadFile(reason_of(error, self, path, source.memory_mb)) from error
        if not found:
            raise BadFile(header_only())
        return tuple(row[0] for row in found)


class ArrayFormat(LinesFormat):
    """One array of objects. Its entries may share lines or take several, so places are given by number."""

    form = "array"
    by_line = False

    def opened(self, source: Source, path: Path, notices: tuple[str, ...]) -> PreparedFile:
        """A file whose text is at `path`."""
        # DuckDB 2.0 takes an array that ends after an object for whole.
        if _last_byte(path) != b"]":
            raise BadFile(json_malformed(None, "the array is not closed"))
        try:
            names = self._names(source, path)
        except BadFile as error:
            if error.reason.code != "json_shape":
                raise
            return _ENTRIES.opened(source, path, notices)
        return PreparedFile(source.file, self.shape(names), path, count_entries(path), notices)

    def lines(self, path: Path, shape: Shape, rows: Collection[int]) -> dict[int, int]:
        return {}

    def last(self, tail: bytes) -> LastLine | None:
        body = tail.rstrip().removesuffix(b"]").rstrip().removesuffix(b",").rstrip()
        begin = len(body)
        for _ in range(_NESTED):
            begin = body.rfind(b"{", 0, begin)
            if begin < 0:
                break
            try:
                json.loads(body[begin:])
            except (ValueError, RecursionError):
                continue
            return LastLine(begin, body[begin:], own_line=False)
        return None

    def malformed(self, path: Path) -> tuple[int | None, str]:
        """The line on which the array is no JSON, and why."""
        try:
            for _ in array_entries(path):
                pass
        except _Broken as error:
            return error.line, f"in entry {count(error.number)} {error.why}"
        return None, "it cannot be read"


class EntriesFormat(LinesFormat):
    """The objects of an array that has other entries, too, one a line."""

    by_line = False

    def lines(self, path: Path, shape: Shape, rows: Collection[int]) -> dict[int, int]:
        return {}

    def opened(self, source: Source, path: Path, notices: tuple[str, ...]) -> PreparedFile:
        """An array at `path`. Raises `BadFile` when none of its entries is an object."""
        target = source.scratch("objects")
        wrong: dict[int, Reject] = {}
        others = 0  # entries that no brace counts
        last = 0
        try:
            with target.open("w", encoding="utf-8") as out:
                for last, entry in enumerate(array_entries(path), 1):
                    if (why := entry.misfit) is None:
                        out.write(entry.text.replace("\n", " ").replace("\r", " ") + "\n")
                        continue
                    others += not isinstance(entry.value, _Object)
                    reason = json_shape(f"entry {count(last)} {why}", entry.line)
                    wrong[last - 1] = rejected(reason, Place(line=entry.line, row=last), None, entry.text)
        except _Broken as error:
            raise BadFile(json_malformed(error.line, f"in entry {count(error.number)} {error.why}")) from error
        rejects = tuple(wrong.values())[:MOST]
        if len(wrong) == last:
            raise BadFile(reason_of_many(reason_of_reject(rejects[0]), last, last))
        shape = self.shape(self._names(source, target)).without(tuple(wrong), "false")
        rows = count_entries(path) + others
        return PreparedFile(source.file, shape, target, rows, notices, bad=len(wrong), rejects=rejects)


FORMAT, _ARRAY, _ENTRIES = LinesFormat(), ArrayFormat(), EntriesFormat()


def _plain(source: Source) -> tuple[Path, tuple[str, ...]]:
    """The text as UTF-8 without a byte order mark, and notices."""
    # JSON is UTF-8 whatever the dataset's other files are; a retry may say otherwise for one file.
    encoding = source.parser.encoding if source.file.parser is not None else ""
    scratch = source.scratch("plain")
    found = plain(source.path, source.head, scratch, encoding=encoding)
    path, notices = found.path, found.notices
    if found.uneven:
        path, noted = tidied(path, scratch, Quoting(b"", b""))
        notices += noted
    return unmarked(path, source.scratch("unmarked")), notices


def _start(path: Path) -> bytes:
    """`{` or `[`. Raises `BadFile` for what begins otherwise."""
    head = head_of(path)
    start = head.lstrip(b" \t\r\n")[:1]
    if not start:
        raise BadFile(blank_file())
    if start not in b"{[":
        line = 1 + head[: len(head) - len(head.lstrip())].count(b"\n")
        raise BadFile(json_malformed(line, "it starts neither with { nor with ["))
    return start


def _last_byte(path: Path) -> bytes:
    """The last byte that is not white space, among the last 64 KB."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        return file.read().rstrip()[-1:]


@dataclass(frozen=True)
class ObjectLines:
    """JSON lines at `path`, where the lines that are no object are blank; `bad` of them, and the first as `rejects`."""

    path: Path
    bad: int = 0
    rejects: tuple[Reject, ...] = ()


def only_objects(connection: DuckDBPyConnection, source: Path, scratch: Path) -> ObjectLines:
    """JSON lines as a copy at `scratch` in which each line is one object; the others keep their numbers.

    Raises `BadFile` when no line is one.
    """
    objects = (
        "(SELECT row_number() OVER () - 1 AS n, json FROM read_json_objects("
        f"{text(str(source))}, format = 'newline_delimited', compression = 'none', ignore_errors = true))"
    )
    found = connection.execute(
        f"SELECT n FROM {objects} WHERE json_type(json) IS DISTINCT FROM 'OBJECT' OR {_TWICE} ORDER BY n"
    ).fetchall()
    wrong = {row[0] for row in found}
    rejects: list[Reject] = []
    good = 0
    with source.open("rb") as file, scratch.open("wb") as out:
        for number, (entry, line) in enumerate(_entries(file), 1):
            if entry not in wrong:
                good += entry is not None
                out.write(line)
                continue
            out.write(b"\n")
            if len(rejects) < MOST:
                record = line.decode("utf-8", "replace").rstrip("\r\n")
                rejects.append(rejected(_reason(line, number), Place(line=number), None, record))
    if not good:
        raise BadFile(reason_of_many(reason_of_reject(rejects[0]), len(wrong), len(wrong)))
    return ObjectLines(scratch, len(wrong), tuple(rejects))


class _Object(dict[str, Any]):
    """A JSON object; `twice` says that it has a key more than once."""

    twice = False

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Object:
        """The object of these keys and values."""
        made = cls(pairs)
        made.twice = len(made) < len(pairs)
        return made


class Entry(NamedTuple):
    """One entry of an array: the line on which it begins, its text and its value."""

    line: int
    text: str
    value: object

    @property
    def misfit(self) -> str | None:
        """Why it is no row; None where it is one."""
        if not isinstance(self.value, _Object):
            return "is not an object"
        return "has the same key twice" if self.value.twice else None


class _Broken(ValueError):
    """An array that is no JSON from its entry `number` on."""

    def __init__(self, number: int, line: int, why: str) -> None:
        super().__init__(why)
        self.number, self.line, self.why = number, line, why


def array_entries(path: Path) -> Iterator[Entry]:
    """The entries of an array, in order. Raises `_Broken` where it is no JSON."""
    decoder = json.JSONDecoder(object_pairs_hook=_Object.of)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        window = file.read(_WINDOW)
        at, line, number = window.find("[") + 1, 1, 1
        passed = 0  # the line is known up to here
        while True:
            at = _between(window, at)
            line, passed = line + window.count("\n", passed, at), at
            if number == 1 and window[at : at + 1] == "]":
                return
            try:
                value, end = decoder.raw_decode(window, at)
                after = _between(window, end)
                if window[after : after + 1] not in {",", "]"}:
                    raise json.JSONDecodeError(_COMMA, window, after)
            except (ValueError, RecursionError) as error:
                more = file.read(_WINDOW) if len(window) - at < _LARGEST else ""
                if not more:
                    pos = error.pos if isinstance(error, json.JSONDecodeError) else at
                    raise _Broken(number, line + window.count("\n", at, pos), entry_fault(error)) from None
                window, at, passed = window[at:] + more, 0, 0
                continue
            yield Entry(line, window[at:end], value)
            if window[after] == "]":
                return
            at, number = after + 1, number + 1


def _between(window: str, at: int) -> int:
    found = _BETWEEN.match(window, at)
    return found.end() if found is not None else at


def _entries(lines: Iterator[bytes]) -> Iterator[tuple[int | None, bytes]]:
    """Lines with their number, from 0, among those that are not blank; None for these."""
    number = 0
    for line in lines:
        if line.strip():
            yield number, line
            number += 1
        else:
            yield None, line


def _reason(line: bytes, number: int) -> Reason:
    """Why a line is no object of a table."""
    if why := line_fault(line):
        return json_malformed(number, why)
    if repeated_key(line) is not None:
        return json_shape("an object has the same key twice", number)
    if line.lstrip().startswith(b"{"):
        return json_malformed(number, "it holds a value that cannot be read")
    return json_shape("a line is no object", number)
