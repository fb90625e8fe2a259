"""Reading one group of files into one part, and what to say about each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import msgspec

from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Mode, Parser, RuleSeverity
from shopfloor.domain.file import FileState, Reason
from shopfloor.domain.text import counted
from shopfloor.formats import infer
from shopfloor.formats.cast_rule import ALTERED, CastMode
from shopfloor.formats.diagnose import diagnose
from shopfloor.formats.failure import reason_of
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.locate import places
from shopfloor.formats.packs import is_small
from shopfloor.formats.plan import RESCUED, Plan, arrange
from shopfloor.formats.query import count_altered
from shopfloor.formats.reasons.bad_file import BadFile, listed, shown
from shopfloor.formats.reasons.contracts import columns_changed
from shopfloor.formats.reasons.headers import header_only, header_repeated, name_repeated
from shopfloor.formats.reasons.rejects import reason_of_many, reason_of_reject
from shopfloor.formats.reasons.rows import rows_do_not_add_up
from shopfloor.formats.repeated_header import may_be_header, repeated, rows_where
from shopfloor.formats.shape import forget_rejects
from shopfloor.formats.staged import StagedFile
from shopfloor.formats.table import MemoryTable, StagedTable, TypedRows
from shopfloor.intake.contract.rules import check_rules
from shopfloor.intake.file_reading import FileReading
from shopfloor.intake.parts import describe_part, spans_of
from shopfloor.intake.records import FileOutcome, IntakeSpec, StagedPart, TypeChange
from shopfloor.intake.renames import likely
from shopfloor.intake.restart import restart
from shopfloor.intake.volume import check_volume
from shopfloor.intake.widen import Widening
from shopfloor.lake.objects import part_path
from shopfloor.lake.retype import has_values

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_READ_ERRORS = (duckdb.Error, MemoryError)
_BROKEN = (duckdb.InternalException, duckdb.FatalException)


@dataclass(frozen=True)
class GroupResult:
    """The part of a group, if any file was accepted, and the outcomes of all its files."""

    part: StagedPart | None
    outcomes: tuple[FileOutcome, ...]


class GroupReader:
    """Reads groups one after the other; the contract grows with what was accepted."""

    def __init__(self, connection: DuckDBPyConnection, spec: IntakeSpec) -> None:
        self._connection = connection
        self._spec = spec
        self.contract = spec.contract
        self.notices: list[str] = []
        self.absent: set[str] = set()
        self.retyped: list[TypeChange] = []
        self._first = spec.contract is None or not spec.contract.columns
        self._staged: list[str] = []
        self._number = 0

    def finished(self) -> Contract | None:
        """The contract after all groups: one revision on if it changed."""
        before, after = self._spec.contract, self.contract
        if after is None or (before is not None and before.columns == after.columns):
            return after
        revision = 1 if before is None else before.revision + 1
        return msgspec.structs.replace(after, revision=revision)

    def take(self, group: Sequence[PreparedFile]) -> GroupResult:
        """Read `group`, whose files share a shape. Raises `Restart` when DuckDB breaks down."""
        try:
            left = self._spelled(group)
        except BadFile as error:
            return GroupResult(None, tuple(_quarantined(f.file.id, error.reason, f.notices) for f in group))
        refused: list[FileOutcome] = []
        while left:
            try:
                plan, sampled = self._plan(left)
                break
            except _Unplannable as error:
                refused.append(_quarantined(error.file.file.id, error.reason, error.file.notices))
                left.remove(error.file)
            except BadFile as error:
                refused += [_quarantined(f.file.id, error.reason, f.notices) for f in left]
                left = []
        if not left:
            return GroupResult(None, tuple(refused))
        result = self._read(plan, left, sampled=sampled)
        return GroupResult(result.part, (*refused, *result.outcomes))

    def _spelled(self, group: Sequence[PreparedFile]) -> list[PreparedFile]:
        """The files with the contract's own spelling of their columns' names."""
        known = ColumnNames(column.name for column in self.contract.columns) if self.contract else ColumnNames(())
        parser = group[0].file.parser or (self.contract.parser if self.contract else Parser())
        shape, notices = group[0].shape.spelled(known, parser.renamed)
        return [replace(file, shape=shape, notices=(*file.notices, *notices)) for file in group]

    def _plan(self, group: Sequence[PreparedFile]) -> tuple[Plan, bool]:
        """How to read the group, and whether the types come from a sample only."""
        shape = group[0].shape
        contract, sampled = self.contract, False
        if contract is None or not contract.columns:
            contract, sampled = self._begin(group)

        def infer_new(positions: Sequence[int]) -> tuple[Column, ...]:
            found = self._infer(group, list(positions))
            self._add_notices(found)
            return found.columns

        ruled = self._spec.widen
        if self.contract is not None and self.contract.columns:
            contract = self._decided(contract, group)
        if ruled is not None and self.contract is not None and self.contract.columns:
            paths = [str(file.path) for file in group]
            widening = Widening(self._connection, shape, paths, self._stored(), self._spec.times)
            contract = widening.apply(contract, ruled, infer_new)

        def renames(added: Sequence[int], missing: Sequence[Column]) -> Sequence[tuple[str, str]]:
            paths = [str(file.path) for file in group]
            new = self._infer(group, list(added)).columns
            return likely(self._connection, shape, paths, new, added, missing, self._stored())

        return arrange(contract, shape, infer_new, any_text=ruled is not None, renames=renames), sampled

    def _decided(self, contract: Contract, group: Sequence[PreparedFile]) -> Contract:
        """The contract with types for those columns that have their first values in `group`."""
        shape = group[0].shape
        places = {c.name: place for c in contract.columns if (place := shape.position(c.name)) is not None}
        unsure = [c for c in contract.columns if c.name in places and self._undecided(c)]
        if not unsure:
            return contract
        found = self._infer(group, [places[column.name] for column in unsure])
        self._add_notices(found)
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
            return column.name != RESCUED and not has_values(self._connection, self._stored(), column.name)
        return column.type is ColumnType.UNKNOWN

    def _stored(self) -> list[str]:
        """Where the rows lie that are in already, those of this delivery included."""
        objects = Path(self._spec.objects)
        return [*(str(part_path(objects, part.sha256)) for part in self._spec.previous), *self._staged]

    def _begin(self, group: Sequence[PreparedFile]) -> tuple[Contract, bool]:
        """A contract from the first file; columns without a value there ask the other files."""
        first = group[0]
        sample = 0 if is_small(first) else infer.sample_rows(first.shape.width)
        sampled = sample > 0
        found = self._infer([first], None, sample)
        columns, empty = found.columns, found.empty
        unsure = empty | found.open
        if unsure and (sampled or len(group) > 1):
            positions = [i for i, column in enumerate(columns) if column.name in unsure]
            better = self._infer(group, positions)
            columns, empty = _replaced(columns, better.columns), better.empty
            self._add_notices(found, unless=unsure)
            self._add_notices(better)
        else:
            self._add_notices(found)
        if empty:
            self.notices.append(
                f"Columns without values have no type yet: {listed(sorted(empty))}. Their first values decide it."
            )
        # Another file of the same source may have no quote to tell by.
        fresh = Contract(name=self._spec.dataset, mode=self._spec.mode, parser=Parser(escape=first.escape))
        base = self.contract or fresh
        base = msgspec.structs.replace(base, columns=columns).spelled()
        _check_named(base, columns)
        return base, sampled

    def _add_notices(self, found: Inferred, unless: Iterable[str] = ()) -> None:
        """Say once what inference has to say."""
        text = found.notices_about(self._spec.dataset, unless)
        self.notices += [notice for notice in text if notice not in self.notices]

    def _infer(self, group: Sequence[PreparedFile], positions: list[int] | None, sample: int = 0) -> Inferred:
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
            except _READ_ERRORS as error:
                failure = error
        if len(group) > 1:
            # One of them cannot be read at all; which one, the first alone will tell.
            return self._infer(group[:1], positions, sample)
        raise _Unplannable(group[0], self._blame(failure, group[0])) from failure

    def _read(self, plan: Plan, group: Sequence[PreparedFile], *, sampled: bool) -> GroupResult:
        states = [FileReading(file) for file in group]
        table = self._load(plan, states, sampled)
        try:
            wider = self._widened(table.plan, states) if self._first else None
            if wider is not None:
                table.close()
                return self._read(wider, group, sampled=False)
            counts = self._check(table, states)
            part = self._write(table, states, counts) if counts else None
            outcomes = (state.outcome(table.plan, counts.get(number, 0)) for number, state in enumerate(states))
            result = GroupResult(part, tuple(outcomes))
        finally:
            table.close()
        if result.part is not None:
            first = next(state.file.file for number, state in enumerate(states) if number in counts)
            self._accept(table.plan, first)
        return result

    def _accept(self, plan: Plan, first: StagedFile) -> None:
        """The contract as it is from now on; says what a later file added to it."""
        contract = plan.contract
        known = {column.name: column for column in self.contract.columns} if self.contract else {}
        for column, source in zip(contract.columns, plan.sources, strict=True):
            before = known.get(column.name)
            first_value = before is not None and before.type is ColumnType.UNKNOWN and before.type is not column.type
            if before is not None and first_value:
                self.retyped.append(TypeChange(column=column, before=before, file=first.original_name))
                self.notices.append(
                    f"Column {shown(column.name)} is {column.written} from now on: {shown(first.original_name)} "
                    f"has its first values."
                )
            elif self._spec.widen is not None and before is not None and before.written != column.written:
                self.retyped.append(TypeChange(column=column, before=before, file=first.original_name))
                self.notices.append(
                    f"Column {shown(column.name)} is {column.written} from now on, {before.written} so far, because "
                    f"of {shown(first.original_name)}. Earlier rows are read as {column.type.value}."
                )
            if known and before is None:
                self.notices.append(
                    f"Column {shown(column.name)} ({column.type.value}) joined the contract with "
                    f"{shown(first.original_name)}."
                )
            if source is None:
                self.absent.add(column.name)
        self.contract = contract

    def _load(self, plan: Plan, states: list[FileReading], sampled: bool) -> TypedRows:
        if len(states) == 1:
            if not is_small(states[0].file):
                return self._load_big(plan, states[0], sampled)
            # One statement instead of four, where nothing is odd about the file.
            staged = StagedTable(self._connection, plan, self._path("rows"), states[0].file.file.id)
            if self._try(staged, str(states[0].file.path), CastMode.PLAIN) is None:
                return staged
            staged.close()
        return self._load_small(plan, states)

    def _load_small(self, plan: Plan, states: list[FileReading]) -> MemoryTable:
        table = MemoryTable(self._connection, plan, [state.file.file.id for state in states])
        together = Path(self._spec.staging) / "scratch" / "bundle"
        delivered = [state.file.path for state in states]
        bundle = plan.shape.format.bundle(delivered, plan.shape, together)
        paths = [str(path) for path in (delivered if bundle is None else [together])]
        for mode in CastMode:
            try:
                table.load(paths, bundle or plan.shape, mode)
            except _BROKEN as error:
                raise restart([state.file.file for state in states], error) from error
            except _READ_ERRORS as error:
                if mode is CastMode.FULL and ALTERED not in str(error):
                    break
                continue
            if mode is CastMode.ALTERING:
                self._count_altered(plan, states)
            return table
        table.load_none()
        for number, state in enumerate(states):
            self._load_one(table, number, state)
        return table

    def _load_one(self, table: MemoryTable, number: int, state: FileReading) -> None:
        path = str(state.file.path)
        for mode in (CastMode.FULL, CastMode.ALTERING):
            try:
                table.add(number, path, mode)
            except _READ_ERRORS as error:
                if mode is CastMode.FULL and ALTERED in str(error):
                    continue
                self._examine(table.plan, state, error)
                if state.failed is None:
                    table.add_good(number, path)
                    self._count_altered(table.plan, [state])
            else:
                if mode is CastMode.ALTERING:
                    self._count_altered(table.plan, [state])
            return

    def _load_big(self, plan: Plan, state: FileReading, sampled: bool) -> StagedTable:
        path = str(state.file.path)
        table = StagedTable(self._connection, plan, self._path("rows"), state.file.file.id, large=True)
        failure = self._try(table, path, CastMode.FULL if sampled else CastMode.PLAIN, first=sampled)
        if failure is None:
            return table
        if sampled:
            # The sample was not enough: infer from every row, then read with those types.
            found = self._infer([state.file], None)
            self._add_notices(found)
            table.plan = replace(plan, contract=msgspec.structs.replace(plan.contract, columns=found.columns))
        failure = self._try(table, path, CastMode.FULL)
        if failure is None:
            return table
        if ALTERED in str(failure):
            failure = self._try(table, path, CastMode.ALTERING)
        if failure is not None:
            self._examine(table.plan, state, failure)
            if state.failed is not None:
                return table
            table.load_good(path, state.wrong.left_out if state.wrong else None)
        self._count_altered(table.plan, [state])
        return table

    def _count_altered(self, plan: Plan, states: Sequence[FileReading]) -> None:
        """Count the values that were changed, and add notices to their files."""
        query, columns = count_altered(plan, [str(state.file.path) for state in states])
        try:
            rows = self._connection.execute(query).fetchall()
        finally:
            forget_rejects(self._connection)
        cast_rules = plan.cast_rules()
        for file, *counts in rows:
            for position, count in zip(columns, counts, strict=True):
                how = cast_rules[position]
                if count and how is not None and how.altered is not None:
                    column = shown(plan.contract.columns[position].name)
                    became = "treated as missing" if how.altered.value == "NULL" else "rounded to it"
                    text = counted(count, how.altered.one, how.altered.many)
                    states[file].altered.append(f"Column {column}: {text} {became}.")

    def _try(self, table: StagedTable, path: str, mode: CastMode, *, first: bool = False) -> Exception | None:
        """Load, or say what stopped it."""
        try:
            table.load(path, mode, first=first)
        except _READ_ERRORS as error:
            return error
        return None

    def _budget(self, contract: Contract) -> float:
        """The share of a file's rows that may be left out; a person lets all of them go who accepts it."""
        return 1.0 if self._spec.accepted else contract.reject_budget

    def _examine(self, plan: Plan, state: FileReading, error: Exception) -> None:
        """Find out what is wrong; the file fails unless that is within the contract's budget."""
        if isinstance(error, _BROKEN):
            raise restart([state.file.file], error) from error
        try:
            wrong = diagnose(self._connection, plan, str(state.file.path))
        except _READ_ERRORS as second:
            if isinstance(second, _BROKEN):
                raise restart([state.file.file], second) from second
            state.failed = self._blame(second, state.file)
            return
        if wrong.bad == 0 and wrong.header is None:
            state.failed = self._blame(error, state.file)
        else:
            state.wrong = wrong
            if wrong.header is not None and not self._spec.accepted:
                state.failed = wrong.header
            elif not wrong.within(self._budget(plan.contract)):
                records = wrong.records + state.file.bad
                state.failed = reason_of_many(reason_of_reject(state.rejects()[0]), state.bad, records)

    def _blame(self, error: Exception, file: PreparedFile) -> Reason:
        if isinstance(error, _BROKEN):
            raise restart([file.file], error) from error
        return reason_of(error, file.shape.format, file.path, self._spec.memory_mb)

    def _widened(self, plan: Plan, states: Sequence[FileReading]) -> Plan | None:
        """In a first delivery types may widen so that more of its files fit."""
        columns = plan.contract.columns
        for state in states:
            if state.failed is not None and state.failed.code == "bad_value":
                columns = _joined(columns, self._infer([state.file], None))
        if columns == plan.contract.columns:
            return None
        return replace(plan, contract=msgspec.structs.replace(plan.contract, columns=columns))

    def _check(self, table: TypedRows, states: Sequence[FileReading]) -> dict[int, int]:
        """Apply the rules, drop the files that fail, and count the rows left by file."""
        stored: list[str] = []
        corrected = any(state.file.file.supersedes for state in states)
        if table.plan.contract.mode is Mode.APPEND and not corrected:
            stored = self._stored()
        loaded = table.counts()
        if not self._spec.accepted:
            self._check_names(table, states)
        paths = [state.file.path for state in states]
        ruled = check_rules(self._connection, table, paths, stored)
        for number, rules in ruled.items():
            states[number].rules = rules
        for number, state in enumerate(states):
            state.failed = state.failed or self._failure(state, loaded.get(number, 0), table.plan.contract)
            if state.failed is not None and number in loaded:
                table.drop_file(number)
        failed = any(state.failed is not None for state in states)
        return table.counts() if ruled or failed else loaded

    def _check_names(self, table: TypedRows, states: Sequence[FileReading]) -> None:
        """Look closer at files of one or two columns of text with a row that may be their header."""
        plan = table.plan
        test = may_be_header(plan.shape)
        places = {source: i for i, source in enumerate(plan.sources) if plan.columns[i].type is ColumnType.TEXT}
        if test is None or not places.keys() >= set(range(plan.shape.width)):
            return
        cells = ", ".join(f"k{places[source]} AS c{source}" for source in range(plan.shape.width))
        rows = f"(SELECT f, {cells} FROM {table.source})"
        for (number,) in self._connection.execute(f"SELECT DISTINCT f FROM {rows} WHERE {test}").fetchall():
            self._judge_names(states[number], test)

    def _judge_names(self, state: FileReading, test: str) -> None:
        path, shape = state.file.path, state.file.shape
        header = repeated(self._connection, path, shape)
        rows = header.rows if header else rows_where(self._connection, path, shape, test)
        first = places(path, shape, rows[:1])[rows[0]]
        if header is not None:
            state.failed = header_repeated(first, len(rows))
        elif shape.width == 1 and len(rows) > 1:
            state.failed = name_repeated(first, len(rows))
        elif shape.width == 1:
            state.altered.append(name_repeated(first, 1).message)

    def _failure(self, state: FileReading, rows: int, contract: Contract) -> Reason | None:
        """Why the file fails after the rules, if it does; `rows` were read from it."""
        wrong = state.bad
        records, bad = rows + wrong, wrong + state.rules.rejected
        if state.rules.quarantine is not None:
            return state.rules.quarantine
        if state.file.rows is not None and records + state.totals_rows != state.file.rows:
            return rows_do_not_add_up(state.file.rows, rows, wrong + state.totals_rows)
        if records == 0:
            return header_only()
        if bad > self._budget(contract) * records or bad == records:  # nothing would be left, whatever the budget
            return reason_of_many(reason_of_reject(state.rejects()[0]), bad, records)
        odd = check_volume(contract.volume, records, self._spec.history)
        if odd is not None and contract.volume.severity is RuleSeverity.WARN:
            state.rules.notices.append(odd.message)
            return None
        return odd

    def _write(self, table: TypedRows, states: Sequence[FileReading], counts: dict[int, int]) -> StagedPart:
        path = self._path("part")
        rows = table.write(path)
        files = [state.file.file.id for state in states]
        part = describe_part(self._connection, path, rows, spans_of(counts, files), table.plan.contract)
        self._staged.append(str(path))
        return part

    def _path(self, what: str) -> Path:
        self._number += 1
        return Path(self._spec.staging) / f"{what}-{self._number:05d}.parquet"


class _Unplannable(BadFile):
    """One file of a group cannot be read at all."""

    def __init__(self, file: PreparedFile, reason: Reason) -> None:
        super().__init__(reason)
        self.file = file


def _check_named(contract: Contract, columns: Sequence[Column]) -> None:
    """Raise `BadFile` when the contract names a key or time column that the file does not have."""
    names = {column.name for column in columns}
    missing = [name for name in (*contract.key, contract.time) if name and name not in names]
    if missing:
        raise BadFile(columns_changed((), missing, contract.name))


def _replaced(columns: Sequence[Column], better: Sequence[Column]) -> tuple[Column, ...]:
    found = {column.name: column for column in better}
    return tuple(found.get(column.name, column) for column in columns)


def _joined(columns: Sequence[Column], found: Inferred) -> tuple[Column, ...]:
    types = {c.name: c.type for c in found.columns if c.name not in found.empty}
    joined = []
    for column in columns:
        wider: ColumnType | None = infer.join(column.type, types.get(column.name, column.type))
        joined.append(msgspec.structs.replace(column, type=wider) if wider else column)
    return tuple(joined)


def _quarantined(file: str, reason: Reason, notices: tuple[str, ...]) -> FileOutcome:
    return FileOutcome(id=file, state=FileState.QUARANTINED, reason=reason, notices=notices)
