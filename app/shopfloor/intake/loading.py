"""Loading the rows of a group as typed ones: the cheapest way that works, then the way that tells what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain.contract import Contract
from shopfloor.domain.text import counted, quoted
from shopfloor.formats.cast_rule import ALTERED, CastMode
from shopfloor.formats.diagnose import diagnose
from shopfloor.formats.packs import is_small
from shopfloor.formats.plan import Plan
from shopfloor.formats.query import count_altered
from shopfloor.formats.reasons.rejects import reason_of_many, reason_of_reject
from shopfloor.formats.shape import forget_rejects
from shopfloor.formats.table import MemoryTable, StagedTable, TypedRows
from shopfloor.intake.accepted_files import AcceptedFiles
from shopfloor.intake.file_reading import FileReading
from shopfloor.intake.planning import BROKEN, READ_ERRORS, GroupPlanner
from shopfloor.intake.records import IntakeSpec
from shopfloor.intake.restart import restart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class GroupLoader:
    """Loads planned groups and notes what is wrong with each file."""

    def __init__(
        self, connection: DuckDBPyConnection, spec: IntakeSpec, accepted: AcceptedFiles, planner: GroupPlanner
    ) -> None:
        self._connection = connection
        self._spec = spec
        self._accepted = accepted
        self._planner = planner
        self._number = 0

    def load(self, plan: Plan, states: list[FileReading], sampled: bool) -> TypedRows:
        """The rows of the files, whose states tell what failed. `sampled`: the types come from a sample only."""
        if len(states) == 1:
            if not is_small(states[0].file):
                return self._load_big(plan, states[0], sampled)
            # One statement instead of four, where nothing is odd about the file.
            staged = StagedTable(self._connection, plan, self.path("rows"), states[0].file.file.id)
            if self._try(staged, str(states[0].file.path), CastMode.PLAIN) is None:
                return staged
            staged.close()
        return self._load_small(plan, states)

    def path(self, what: str) -> Path:
        """A new file of the delivery's staging."""
        self._number += 1
        return Path(self._spec.staging) / f"{what}-{self._number:05d}.parquet"

    def budget(self, contract: Contract) -> float:
        """The share of a file's rows that may be left out; a person lets all of them go who accepts it."""
        return 1.0 if self._spec.accepted else contract.reject_budget

    def _load_small(self, plan: Plan, states: list[FileReading]) -> MemoryTable:
        table = MemoryTable(self._connection, plan, [state.file.file.id for state in states])
        together = Path(self._spec.staging) / "scratch" / "bundle"
        delivered = [state.file.path for state in states]
        bundle = plan.shape.format.bundle(delivered, plan.shape, together)
        paths = [str(path) for path in (delivered if bundle is None else [together])]
        for mode in CastMode:
            try:
                table.load(paths, bundle or plan.shape, mode)
            except BROKEN as error:
                raise restart([state.file.file for state in states], error) from error
            except READ_ERRORS as error:
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
            except READ_ERRORS as error:
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
        table = StagedTable(self._connection, plan, self.path("rows"), state.file.file.id, large=True)
        failure = self._try(table, path, CastMode.PLAIN, first=sampled)
        if failure is not None and sampled:
            failure = self._try(table, path, CastMode.FULL, first=True)
        if failure is None:
            return table
        if sampled:
            # The sample was not enough: infer from every row, then read with those types.
            found = self._planner.infer([state.file], None)
            self._accepted.note_inferred(found)
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
                    column = quoted(plan.contract.columns[position].name)
                    became = "treated as missing" if how.altered.value == "NULL" else "rounded to it"
                    text = counted(count, how.altered.one, how.altered.many)
                    states[file].altered.append(f"Column {column}: {text} {became}.")

    def _try(self, table: StagedTable, path: str, mode: CastMode, *, first: bool = False) -> Exception | None:
        """Load, or say what stopped it."""
        try:
            table.load(path, mode, first=first)
        except READ_ERRORS as error:
            return error
        return None

    def _examine(self, plan: Plan, state: FileReading, error: Exception) -> None:
        """Find out what is wrong; the file fails unless that is within the contract's budget."""
        if isinstance(error, BROKEN):
            raise restart([state.file.file], error) from error
        try:
            wrong = diagnose(self._connection, plan, str(state.file.path))
        except READ_ERRORS as second:
            if isinstance(second, BROKEN):
                raise restart([state.file.file], second) from second
            state.failed = self._planner.blame(second, state.file)
            return
        if wrong.bad == 0 and wrong.header is None:
            state.failed = self._planner.blame(error, state.file)
        else:
            state.wrong = wrong
            if wrong.header is not None and not self._spec.accepted:
                state.failed = wrong.header
            elif not wrong.within(self.budget(plan.contract)):
                records = wrong.records + state.file.bad
                state.failed = reason_of_many(reason_of_reject(state.rejects()[0]), state.bad, records)
