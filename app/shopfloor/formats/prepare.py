"""From a claimed copy to something DuckDB can read: unpacked, plain, its columns known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import check_parser
from shopfloor.domain.reject import Reject
from shopfloor.duck.sql import name, text
from shopfloor.formats import reasons
from shopfloor.formats.cast_rules import nested
from shopfloor.formats.delimited import head_of, ready
from shopfloor.formats.failure import reason_of
from shopfloor.formats.format import Format, Packing, check_content, check_packing, named_format
from shopfloor.formats.json_faults import TWICE, Misfits, without_misfits
from shopfloor.formats.quoting import Quoting
from shopfloor.formats.reasons import BadFile
from shopfloor.formats.rowcount import count_lines
from shopfloor.formats.shape import JSON, NOTHING, Shape, check_names
from shopfloor.formats.sniff import HEAD, header_line, sniff_csv
from shopfloor.formats.staged import StagedFile
from shopfloor.formats.text import PlainText, closed, plain, tidied, unmarked, unpack
from shopfloor.formats.totals import cut, totals_row
from shopfloor.formats.workbook import sheet_lines

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Parquet says how large its values are, but may lie: text is counted when it is read.
MAX_TEXT_RATIO = 400
FREE_TEXT = 512 << 20
_FREE = Parser()
_FEW = 2  # rows have no totals below them


@dataclass(frozen=True)
class Prepared:
    """A file of `rows` rows whose `path` can be read as `shape`. `bytes` is its size there.

    `rows` are counted without the parser; None where nothing but the parser can tell. `escape` is the escape
    character that was found in it, `escapes` says that a backslash stands before a quote and none was found.
    `bad` rows, the first of them as `rejects`, are not there any more: no parser could read them. Nor is `totals`,
    a last row that is none of the table's.
    """

    file: StagedFile
    shape: Shape
    path: Path
    bytes: int
    rows: int | None = None
    notices: tuple[str, ...] = ()
    escape: str = ""
    escapes: bool = False
    bad: int = 0
    rejects: tuple[Reject, ...] = ()
    totals: Reject | None = None


class Preparer:
    """Prepares the files of one delivery; remembers headers that it has seen.

    `expected` are names of columns that they should have. A table without rows is refused unless it
    `may_be_empty`.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        scratch: Path,
        memory_mb: int,
        expected: Sequence[str] = (),
        parser: Parser = _FREE,
        *,
        may_be_empty: bool = False,
    ) -> None:
        self._connection = connection
        self._scratch = scratch
        self._memory_mb = memory_mb
        self._expected = expected
        self._parser = check_parser(parser)
        self._may_be_empty = may_be_empty
        self._headers: dict[bytes, Shape] = {}

    def prepare(self, file: StagedFile) -> Prepared:
        """Look at one file. Raises `BadFile` with the reason why it cannot be read."""
        source = Path(file.path)
        parser = check_parser(file.parser) if file.parser is not None else self._parser
        kind, packing = named_format(file.original_name)
        head = head_of(source)
        if not head:
            raise BadFile(reasons.empty_file())
        check_packing(file.original_name, packing, head)
        if packing is not Packing.NONE:
            unpacked = self._scratch / f"{file.id}.unpacked"
            unpack(source, packing, unpacked)
            source = unpacked
            head = head_of(source)
            if not head:
                raise BadFile(reasons.empty_file(packed=True))
        check_content(kind, head)
        if kind is Format.PARQUET:
            shape, rows = self._parquet(source)
            return self._done(file, shape, source, rows, (), parser)
        if kind is Format.EXCEL:
            return self._excel(file, source, parser)
        scratch = self._scratch / f"{file.id}.plain"
        plain_text = plain(
            source,
            head,
            scratch,
            # JSON is UTF-8 whatever the dataset's other files are; one file may be said to be else.
            encoding=parser.encoding if kind is Format.CSV or file.parser is not None else "",
            skip=parser.skip_lines if kind is Format.CSV else 0,
        )
        if kind is Format.JSON:
            return self._json(file, plain_text, scratch, parser)
        return self._delimited(file, plain_text, scratch, parser)

    def _delimited(self, file: StagedFile, plain_text: PlainText, scratch: Path, parser: Parser) -> Prepared:
        found = ready(plain_text, scratch, parser, lambda head, above: self._csv(head, parser, above))
        notices = found.notices
        if found.shape.decimal == ",":
            notices = (*notices, "Numbers are written with a decimal comma.")
        done = self._done(file, found.shape, found.path, found.rows, notices, parser)
        return self._below(replace(done, escape=found.escape, escapes=found.escapes))

    def _below(self, file: Prepared) -> Prepared:
        """`file` without a totals row below its table."""
        found = totals_row(self._connection, file.path, file.shape) if file.rows and file.rows > _FEW else None
        if found is None:
            return file
        end, row = found
        path = cut(file.path, end, self._scratch / f"{file.file.id}.table")
        return replace(file, path=path, bytes=end, totals=row, notices=(*file.notices, row.message))

    def _done(
        self,
        file: StagedFile,
        shape: Shape,
        source: Path,
        rows: int | None,
        notices: tuple[str, ...],
        parser: Parser,
    ) -> Prepared:
        shape = replace(shape, missing=parser.missing)
        return Prepared(file, shape.with_given(file.partition), source, source.stat().st_size, rows, notices)

    def _csv(self, head: bytes, parser: Parser, above: int) -> Shape:
        line = header_line(head) if parser is self._parser else None
        # Files of a burst share their header; a semicolon's decimal mark must be looked at.
        if line is not None and len(head) > len(line) + 2:
            known = self._headers.get(line)
            if known is not None and known.delimiter != ";":
                return replace(known, skip=above)
        shape = sniff_csv(
            head,
            whole=len(head) < HEAD,
            expected=self._expected,
            parser=parser,
            may_be_empty=self._may_be_empty,
            above=above,
        )
        if line is not None:
            self._headers[line] = shape
        return shape

    def _excel(self, file: StagedFile, source: Path, parser: Parser) -> Prepared:
        lines = self._scratch / f"{file.id}.jsonl"
        names, notices = sheet_lines(
            source,
            lines,
            sheet=parser.sheet,
            skip=parser.skip_lines,
            memory_mb=self._memory_mb,
            may_be_empty=self._may_be_empty,
        )
        check_names(names)
        shape = Shape(format=Format.EXCEL, names=names, raw=(JSON,) * len(names))
        return self._below(self._done(file, shape, lines, count_lines(lines), notices, parser))

    def _json(self, file: StagedFile, plain_text: PlainText, scratch: Path, parser: Parser) -> Prepared:
        source, notices = plain_text.path, plain_text.notices
        if plain_text.uneven:
            source, told = tidied(source, scratch, Quoting(b"", b""))
            notices += told
        source = unmarked(source, self._scratch / f"{file.id}.unmarked")
        head = head_of(source)
        start = head.lstrip(b" \t\r\n")[:1]
        if not start:
            raise BadFile(reasons.blank_file())
        if start not in b"{[":
            line = 1 + head[: len(head) - len(head.lstrip())].count(b"\n")
            raise BadFile(reasons.json_malformed(line, "it starts neither with { nor with ["))
        array = start == b"["
        # DuckDB 2.0 takes an array that ends after an object for whole.
        if array and _last_byte(source) != b"]":
            raise BadFile(reasons.json_malformed(None, "the array is not closed"))
        if not array:
            source = closed(source, self._scratch / f"{file.id}.closed")
        rows = None if array else count_lines(source)
        misfits = Misfits(source)
        try:
            names = self._json_names(source, array)
        except BadFile as error:
            if array or error.reason.code not in {"json_malformed", "json_shape"}:
                raise
            misfits = without_misfits(self._connection, source, self._scratch / f"{file.id}.fitting")
            names = self._json_names(misfits.path, array)
        if not names:
            raise BadFile(reasons.header_only())
        check_names(names)
        shape = Shape(format=Format.JSON, names=names, raw=(JSON,) * len(names), array=array)
        done = self._done(file, shape, misfits.path, rows, notices, parser)
        done = replace(done, bad=misfits.bad, rejects=misfits.rejects)
        return done if array else self._below(done)

    def _json_names(self, source: Path, array: bool) -> tuple[str, ...]:
        """All keys of all objects, in order of first appearance."""
        form = "array" if array else "newline_delimited"
        objects = (
            f"(SELECT json, row_number() OVER () AS n FROM read_json_objects("
            f"{text(str(source))}, format = '{form}', compression = 'none'))"
        )
        shape = Shape(format=Format.JSON, names=(), raw=(), array=array)
        try:
            other = self._connection.execute(
                f"SELECT n, {TWICE} FROM {objects} WHERE json_type(json) <> 'OBJECT' OR {TWICE} ORDER BY n LIMIT 1"
            ).fetchone()
            if other is not None:
                what = "has the same key twice" if other[1] else "is not an object"
                raise BadFile(reasons.json_shape(f"entry {other[0]} {what}"))
            found = self._connection.execute(
                f"SELECT key, min(n), arg_min(place, n) FROM (SELECT n, unnest(json_keys(json)) AS key,"
                f" generate_subscripts(json_keys(json), 1) AS place FROM {objects}) "
                "GROUP BY key ORDER BY 2, 3"
            ).fetchall()
        except (duckdb.Error, MemoryError) as error:
            raise BadFile(reason_of(error, shape, source, self._memory_mb)) from error
        return tuple(row[0] for row in found)

    def _parquet(self, source: Path) -> tuple[Shape, int]:
        """The shape, and how many rows the file's footer says."""
        path = text(str(source))
        try:
            listed = self._connection.execute(f"SELECT name, num_children FROM parquet_schema({path})").fetchall()
            names = _top_level(listed)
            if not names:
                raise BadFile(reasons.parquet_damaged("it has no columns"))
            check_names(names)
            described = self._connection.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()
            rows = self._connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({path})").fetchall()[0][0]
            if not rows and not self._may_be_empty:
                raise BadFile(reasons.header_only())
            raw = self._without_values(source, names, [str(row[1]) for row in described])
            self._check_expansion(source, names, raw)
        except (duckdb.Error, MemoryError) as error:
            shape = Shape(format=Format.PARQUET, names=(), raw=())
            raise BadFile(reason_of(error, shape, source, self._memory_mb)) from error
        return Shape(format=Format.PARQUET, names=tuple(names), raw=raw), int(rows)

    def _without_values(self, source: Path, names: Sequence[str], raw: Sequence[str]) -> tuple[str, ...]:
        """The types, `NOTHING` for a column that holds no value: its type is what its writer had by default."""
        path = text(str(source))
        # Statistics know most columns that hold values; the others are looked at. NaN is no value.
        known = {
            str(row[0])
            for row in self._connection.execute(
                f"SELECT path_in_schema FROM parquet_metadata({path}) "
                "WHERE stats_min_value IS NOT NULL AND lower(stats_min_value) <> 'nan'"
            ).fetchall()
        }
        unsure = [i for i, column in enumerate(names) if column not in known and not nested(raw[i])]
        if not unsure:
            return tuple(raw)
        counts = ", ".join(
            f"count(nullif({name(names[i])}, 'nan'))" if raw[i] in {"FLOAT", "DOUBLE"} else f"count({name(names[i])})"
            for i in unsure
        )
        found = self._connection.execute(f"SELECT {counts} FROM read_parquet({path})").fetchall()[0]
        empty = {i for i, count in zip(unsure, found, strict=True) if not count}
        return tuple(NOTHING if i in empty else kind for i, kind in enumerate(raw))

    def _check_expansion(self, source: Path, names: Sequence[str], raw: Sequence[str]) -> None:
        """Raise `BadFile` for text that is out of all proportion to the file."""
        texts = [i for i, kind in enumerate(raw) if kind == "VARCHAR"]
        if not texts:
            return
        quoted = ['"' + names[i].replace('"', '""') + '"' for i in texts]
        total = " + ".join(f"coalesce(sum(strlen({column})), 0)" for column in quoted)
        size = self._connection.execute(f"SELECT {total} FROM read_parquet({text(str(source))})").fetchall()[0][0]
        if size > max(FREE_TEXT, MAX_TEXT_RATIO * source.stat().st_size):
            raise BadFile(reasons.expands_too_much(MAX_TEXT_RATIO, int(size)))


def _last_byte(path: Path) -> bytes:
    """The last byte that is not white space, among the last 64 KB."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        return file.read().rstrip()[-1:]


def _top_level(listed: Sequence[tuple[str, int | None]]) -> list[str]:
    """The names of the root's children in a depth-first list of (name, number of children)."""

    def skip(position: int) -> int:
        children = listed[position][1] or 0
        position += 1
        for _ in range(children):
            position = skip(position)
        return position

    names, position = [], 1
    while position < len(listed):
        names.append(listed[position][0])
        position = skip(position)
    return names
