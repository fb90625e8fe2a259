"""Reading one group of files into one part, and what to say about each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Mode, RuleSeverity
from shopfloor.domain.file import FileState, Reason
from shopfloor.formats import infer
from shopfloor.formats.file_format import PreparedFile
from shopfloor.formats.inferred import Inferred
from shopfloor.formats.locate import places
from shopfloor.formats.plan import Plan
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.headers import header_only, header_repeated, name_repeated
from shopfloor.formats.reasons.rejects import reason_of_many, reason_of_reject
from shopfloor.formats.reasons.rows import rows_do_not_add_up
from shopfloor.formats.repeated_header import may_be_header, repeated, rows_where
from shopfloor.formats.table import TypedRows
from shopfloor.intake.accepted_files import AcceptedFiles
from shopfloor.intake.contract.rules import check_rules
from shopfloor.intake.file_reading import FileReading
from shopfloor.intake.loading import GroupLoader
from shopfloor.intake.parts import describe_part, spans_of
from shopfloor.intake.planning import GroupPlanner, Unplannable
from shopfloor.intake.records import FileOutcome, IntakeSpec, StagedPart
from shopfloor.intake.volume import check_volume

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class GroupResult:
    """The part of a group, if any file was accepted, and the outcomes of all its files."""

    part: StagedPart | None
    outcomes: tuple[FileOutcome, ...]


class GroupReader:
    """Reads groups one after the other."""

    def __init__(self, connection: DuckDBPyConnection, spec: IntakeSpec, accepted: AcceptedFiles) -> None:
        self._connection = connection
        self._spec = spec
        self._accepted = accepted
        self._first = spec.contract is None or not spec.contract.columns
        self._planner = GroupPlanner(connection, spec, accepted)
        self._loader = GroupLoader(connection, spec, accepted, self._planner)

    def take(self, group: Sequence[PreparedFile]) -> GroupResult:
        """Read `group`, whose files share a shape. Raises `Restart` when DuckDB breaks down."""
        try:
            left = self._planner.spelled(group)
        except BadFile as error:
            return GroupResult(None, tuple(_quarantined(f.file.id, error.reason, f.notices) for f in group))
        refused: list[FileOutcome] = []
        while left:
            try:
                plan, sampled = self._planner.plan(left)
                break
            except Unplannable as error:
                refused.append(_quarantined(error.file.file.id, error.reason, error.file.notices))
                left.remove(error.file)
            except BadFile as error:
                refused += [_quarantined(f.file.id, error.reason, f.notices) for f in left]
                left = []
        if not left:
            return GroupResult(None, tuple(refused))
        result = self._read(plan, left, sampled=sampled)
        return GroupResult(result.part, (*refused, *result.outcomes))

    def _read(self, plan: Plan, group: Sequence[PreparedFile], *, sampled: bool) -> GroupResult:
        states = [FileReading(file) for file in group]
        table = self._loader.load(plan, states, sampled)
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
            self._accepted.accept(table.plan, first)
        return result

    def _widened(self, plan: Plan, states: Sequence[FileReading]) -> Plan | None:
        """In a first delivery types may widen so that more of its files fit."""
        columns = plan.contract.columns
        for state in states:
            if state.failed is not None and state.failed.code == "bad_value":
                columns = _joined(columns, self._planner.infer([state.file], None))
        if columns == plan.contract.columns:
            return None
        return replace(plan, contract=msgspec.structs.replace(plan.contract, columns=columns))

    def _check(self, table: TypedRows, states: Sequence[FileReading]) -> dict[int, int]:
        """Apply the rules, drop the files that fail, and count the rows left by file."""
        stored: list[str] = []
        corrected = any(state.file.file.supersedes for state in states)
        if table.plan.contract.mode is Mode.APPEND and not corrected:
            stored = self._accepted.stored()
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
        # Where every row is bad, nothing would be left, whatever the budget.
        if bad > self._loader.budget(contract) * records or bad == records:
            return reason_of_many(reason_of_reject(state.rejects()[0]), bad, records)
        odd = check_volume(contract.volume, records, self._spec.history)
        if odd is not None and contract.volume.severity is RuleSeverity.WARN:
            state.rules.notices.append(odd.message)
            return None
        return odd

    def _write(self, table: TypedRows, states: Sequence[FileReading], counts: dict[int, int]) -> StagedPart:
        path = self._loader.path("part")
        rows = table.write(path)
        files = [state.file.file.id for state in states]
        part = describe_part(self._connection, path, rows, spans_of(counts, files), table.plan.contract)
        self._accepted.stage(part)
        return part


def _joined(columns: Sequence[Column], found: Inferred) -> tuple[Column, ...]:
    types = {c.name: c.type for c in found.columns if c.name not in found.empty}
    joined = []
    for column in columns:
        wider: ColumnType | None = infer.join(column.type, types.get(column.name, column.type))
        joined.append(msgspec.structs.replace(column, type=wider) if wider else column)
    return tuple(joined)


def _quarantined(file: str, reason: Reason, notices: tuple[str, ...]) -> FileOutcome:
    return FileOutcome(id=file, state=FileState.QUARANTINED, reason=reason, notices=notices)
