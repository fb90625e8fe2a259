"""How to read a group of files: by the contract, and by inference for what that leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import msgspec

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.file import Reason
from shopfloor.domain.text import listed
from shopfloor.formats import infer
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.packs import is_small
from shopfloor.formats.plan import RESCUED, Plan, arrange
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.contracts import columns_changed
from shopfloor.intake.accepted_files import AcceptedFiles
from shopfloor.intake.records import IntakeSpec
from shopfloor.intake.renames import likely
from shopfloor.intake.restart import restart
from shopfloor.intake.widen import Widening
from shopfloor.lake.retype import has_values

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READ_ERRORS = (duckdb.Error, MemoryError)
BROKEN = (duckdb.InternalException, duckdb.FatalException)


class Unplannable(BadFile):
    """One file of a group cannot be read at all."""

    def __init__(self, file: PreparedFile, reason: Reason) -> None:
        super().__init__(reason)
        self.file = file


class GroupPlanner:
    """Plans groups one after the other, each by the contract as the accepted files have made it."""

    def __init__(self, connection: DuckDBPyConnection, spec: IntakeSpec, accepted: AcceptedFiles) -> None:
        self._connection = connection
        self._spec = spec
        self._accepted = accepted

    def spelled(self, group: Sequence[PreparedFile]) -> list[PreparedFile]:
        """The files with the contract's own spelling of their columns' names."""
        contract = self._accepted.contract
        known = ColumnNames(column.name for column in contract.columns) if contract else ColumnNames(())
        parser = group[0].file.parser or (contract.parser if contract else Parser())
        shape, notices = group[0].shape.spelled(known, parser.renamed)
        return [replace(file, shape=shape, notices=(*file.notices, *notices)) for file in group]

    def plan(self, group: Sequence[PreparedFile]) -> tuple[Plan, bool]:
        """How to read the group, and whether the types come from a sample only."""
        shape, paths = group[0].shape, [str(file.path) for file in group]

        def infer_new(positions: Sequence[int]) -> tuple[Column, ...]:
            found = self.infer(group, list(positions))
            self._accepted.note_inferred(found)
            return found.columns

        def renames(added: Sequence[int], missing: Sequence[Column]) -> Sequence[tuple[str, str]]:
            new = self.infer(group, list(added)).columns
            return likely(self._connection, shape, paths, new, added, missing, self._accepted.stored())

        known, ruled, sampled = self._accepted.contract, self._spec.widen, False
        if known is None or not known.columns:
            contract, sampled = self._begin(group)
        else:
            contract = self._decided(known, group)
            if ruled is not None:
                widening = Widening(self._connection, shape, paths, self._accepted.stored(), self._spec.times)
                contract = widening.apply(contract, ruled, infer_new)
        return arrange(contract, shape, infer_new, any_text=ruled is not None, renames=renames), sampled

    def _decided(self, contract: Contract, group: Sequence[PreparedFile]) -> Contract:
        """The contract with types for those columns that have their first values in `group`."""
        shape = group[0].shape
        places = {c.name: place for c in contract.columns if (place := shape.position(c.name)) is not None}
        unsure = [c for c in contract.columns if c.name in places and self._undecided(c)]
        if not unsure:
            return contract
        found = self.infer(group, [places[column.name] for column in unsure])
        self._accepted.note_inferred(found)
        types = {
            before.name: msgspec.structs.replace(before, type=now.type, format=now.format)
            for before, now in zip(unsure, found.columns, strict=True)
            if now.type is not ColumnType.UNKNOWN
        }
        columns = tuple(types.get(column.name, column) for column in contract.columns)
        return msgspec.structs.replace(contract, columns=columns)

    def _undecided(self, column: Column) -> bool:
        """True for a column without any value so far; of one that is text a person says that it may change."""
        if column.type is ColumnType.TEXT and self._spec.widen is not None:
            return column.name != RESCUED and not has_values(self._connection, self._accepted.stored(), column.name)
        return column.type is ColumnType.UNKNOWN

    def _begin(self, group: Sequence[PreparedFile]) -> tuple[Contract, bool]:
        """A contract from the first file; columns without a value there ask the other files."""
        first = group[0]
        sample = 0 if is_small(first) else infer.sample_rows(first.shape.width)
        sampled = sample > 0
        found = self.infer([first], None, sample)
        columns, empty = found.columns, found.empty
        unsure = empty | found.open
        if unsure and (sampled or len(group) > 1):
            positions = [i for i, column in enumerate(columns) if column.name in unsure]
            better = self.infer(group, positions)
            columns, empty = _replaced(columns, better.columns), better.empty
            self._accepted.note_inferred(found, unless=unsure)
            self._accepted.note_inferred(better)
        else:
            self._accepted.note_inferred(found)
        if empty:
            self._accepted.notices.append(
                f"Columns without values have no type yet: {listed(sorted(empty))}. Their first values decide it."
            )
        # Another file of the same source may have no quote to tell by.
        fresh = Contract(name=self._spec.dataset, mode=self._spec.mode, parser=Parser(escape=first.escape))
        base = self._accepted.contract or fresh
        base = msgspec.structs.replace(base, columns=columns).spelled()
        _check_named(base, columns)
        return base, sampled

    def infer(self, group: Sequence[PreparedFile], positions: list[int] | None, sample: int = 0) -> Inferred:
        """Infer over the files; lines that do not fit the header are left out of account."""
        paths = [str(file.path) for file in group]
        for rejects in (False, True):
            try:
                return infer.infer(
                    self._connection,
                    group[0].shape,
                    paths,
                    columns=positions,
                    sample=sample,
                    rejects=rejects,
                )
            except READ_ERRORS as error:
                failure = error
        if len(group) > 1:
            # One of them cannot be read at all; which one, the first alone will tell.
            return self.infer(group[:1], positions, sample)
        raise Unplannable(group[0], self.blame(failure, group[0])) from failure

    def blame(self, error: Exception, file: PreparedFile) -> Reason:
        """Why a file cannot be read. Raises `Restart` when it is DuckDB that broke down."""
        if isinstance(error, BROKEN):
            raise restart([file.file], error) from error
        return reason_of(error, file.shape.format, file.path, self._spec.memory_mb)


def _check_named(contract: Contract, columns: Sequence[Column]) -> None:
    """Raise `BadFile` when the contract names a key or time column that the file does not have."""
    names = {column.name for column in columns}
    missing = [name for name in (*contract.key, contract.time) if name and name not in names]
    if missing:
        raise BadFile(columns_changed((), missing, contract.name))


def _replaced(columns: Sequence[Column], better: Sequence[Column]) -> tuple[Column, ...]:
    found = {column.name: column for column in better}
    return tuple(found.get(column.name, column) for column in columns)
