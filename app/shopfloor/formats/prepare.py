"""From a claimed copy to something DuckDB can read: unpacked, opened by its format, its totals row taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.contract import Parser
from shopfloor.domain.dialect import check_parser
from shopfloor.domain.reject import MOST
from shopfloor.formats.evidence import raw_lines, rejected
from shopfloor.formats.file_format import PreparedFile, Source, head_of
from shopfloor.formats.locate import places
from shopfloor.formats.packing import Packing, check_packing
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.files import empty_file
from shopfloor.formats.reasons.headers import header_repeated
from shopfloor.formats.registry import named_format
from shopfloor.formats.repeated_header import repeated
from shopfloor.formats.shape import Shape
from shopfloor.formats.staged import StagedFile
from shopfloor.formats.text import unpack
from shopfloor.formats.totals import cut, totals_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FREE = Parser()


class Preparer:
    """Prepares the files of one delivery; remembers headers that it has seen.

    `expected` are names of columns that they should have. A table without rows is refused unless it
    `may_be_empty`. Headers that stand again among the rows of an `accepted` file are left out.
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
        accepted: bool = False,
    ) -> None:
        self._connection = connection
        self._scratch = scratch
        self._memory_mb = memory_mb
        self._expected = expected
        self._parser = check_parser(parser)
        self._may_be_empty = may_be_empty
        self._accepted = accepted
        self._headers: dict[bytes, Shape] = {}

    def prepare(self, file: StagedFile) -> PreparedFile:
        """Look at one file. Raises `BadFile` with the reason why it cannot be read."""
        parser = check_parser(file.parser) if file.parser is not None else self._parser
        format, packing = named_format(file.original_name)
        path, head = self._unpacked(file, packing)
        format.check(head)
        found = format.open(
            Source(
                file=file,
                path=path,
                head=head,
                parser=parser,
                connection=self._connection,
                folder=self._scratch,
                memory_mb=self._memory_mb,
                expected=self._expected,
                may_be_empty=self._may_be_empty,
                headers=self._headers,
            )
        )
        shape = replace(found.shape, missing=parser.missing, parser=parser).with_given(file.partition)
        found = self._without_totals(replace(found, shape=shape, bytes=found.path.stat().st_size))
        return self._without_headers(found) if self._accepted else found

    def _unpacked(self, file: StagedFile, packing: Packing) -> tuple[Path, bytes]:
        """The file's bytes as they were before they were packed, and the first of them."""
        path = Path(file.path)
        head = head_of(path)
        if not head:
            raise BadFile(empty_file())
        check_packing(packing, head)
        if packing is Packing.NONE:
            return path, head
        unpacked = self._scratch / f"{file.id}.unpacked"
        unpack(path, packing, unpacked)
        head = head_of(unpacked)
        if not head:
            raise BadFile(empty_file(packed=True))
        return unpacked, head

    def _without_totals(self, file: PreparedFile) -> PreparedFile:
        """`file` without a totals row below its table, and what stands below that."""
        if not file.rows or not file.may_sum:
            return file
        found = totals_rows(self._connection, file.path, file.shape, file.rows)
        if found is None:
            return file
        notices = (reject.message for reject in found.rejects)
        more = replace(file, totals=found.rejects, notices=(*file.notices, *notices))
        if found.start is None:
            return replace(more, shape=file.shape.without(found.rows, found.test))
        path = cut(file.path, found.start, self._scratch / f"{file.file.id}.table")
        return replace(more, path=path, bytes=found.start)

    def _without_headers(self, file: PreparedFile) -> PreparedFile:
        """`file` without the headers of other exports among its rows."""
        try:
            found = repeated(self._connection, file.path, file.shape)
        except (duckdb.Error, MemoryError):
            return file  # what is wrong with it is reported when it is read
        if found is None:
            return file
        where = places(file.path, file.shape, found.rows[:MOST]).values()
        lines = (
            raw_lines(file.path, (place.line for place in where), file.shape.skip) if file.shape.format.by_line else {}
        )
        more = (rejected(header_repeated(place), place, None, lines.get(place.line or 0, "")) for place in where)
        return replace(
            file,
            shape=file.shape.without(found.rows, found.test),
            bad=file.bad + len(found.rows),
            rejects=(*file.rejects, *more),
        )
