"""The contract's rules, checked over typed rows in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain import numbers
from shopfloor.domain.contract import RuleSeverity
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import Reason
from shopfloor.domain.reject import MOST, Reject
from shopfloor.domain.text import safe
from shopfloor.duck.sql import text
from shopfloor.formats.evidence import Wrong, describe
from shopfloor.formats.reasons.rejects import reason_of_reject
from shopfloor.formats.table import TypedRows
from shopfloor.intake.contract.checks import RuleCheck, checks_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_REJECTED = "intake_doomed"
_CANNOT = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException)


@dataclass
class RuleResult:
    """What the rules say about one file: `rejected` rows are wrong, `rejects` the first of them."""

    quarantine: Reason | None = None
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def check_rules(
    connection: DuckDBPyConnection,
    table: TypedRows,
    paths: Sequence[Path],
    previous: Sequence[str] = (),
) -> dict[int, RuleResult]:
    """Check `table`, whose files are `paths`, and remove rows that a rule rejects.

    Columns that may not be empty (not nullable, or part of the key) reject rows without a value.
    Uniqueness is checked last, of the rows that no other rule keeps out; `previous` are the dataset's
    parts, and a value that must be unique may not be in them either. Returns a result for each file
    with anything to say. Raises `ConfigError` for a rule that cannot be checked.
    """
    checks = checks_of(connection, table.plan.contract, previous)
    if not checks:
        return {}
    return _Checking(connection, table, paths).run(checks)


@dataclass(frozen=True)
class _Finding:
    """`count` rows of a file break a check; `first` of them in detail."""

    file: int
    check: RuleCheck
    count: int
    first: Sequence[Wrong]


class _Checking:
    """The rules applied to the rows of one table."""

    def __init__(self, connection: DuckDBPyConnection, table: TypedRows, paths: Sequence[Path]) -> None:
        self._connection = connection
        self._table = table
        self._paths = paths
        self._results: dict[int, RuleResult] = defaultdict(RuleResult)
        self._any_rejected = False

    def run(self, checks: Sequence[RuleCheck]) -> dict[int, RuleResult]:
        """All checks of single rows at once, then those of repeated values one by one."""
        try:
            self._apply([check for check in checks if not check.unique])
            for check in checks:
                if check.unique:
                    self._apply([check])
            self._remove()
        finally:
            if self._any_rejected:
                self._connection.execute(f"DROP TABLE IF EXISTS {_REJECTED}")
        return dict(self._results)

    def _apply(self, checks: Sequence[RuleCheck]) -> None:
        if not checks:
            return
        source = self._source(checks[0])
        found = [
            _Finding(file, check, count, self._first(source, check, file))
            for file, *counts in self._count(source, checks)
            for check, count in zip(checks, counts, strict=True)
            if count
        ]
        for file in dict.fromkeys(finding.file for finding in found):
            self._tell(file, [finding for finding in found if finding.file == file])
        for check in {id(finding.check): finding.check for finding in found}.values():
            if check.severity is not RuleSeverity.WARN:
                self._doom(f"SELECT f, rid FROM {source} WHERE {check.broken}")

    def _source(self, check: RuleCheck) -> str:
        """The rows not yet out; with a mark on repeated values where the check needs it."""
        source = self._table.source
        if not check.unique:
            return source
        out = [str(file) for file, result in self._results.items() if result.quarantine is not None]
        left = f"f NOT IN ({', '.join(out)})" if out else "true"
        if self._any_rejected:
            left += f" AND rid NOT IN (SELECT rid FROM {_REJECTED})"
        mark = f"row_number() OVER (PARTITION BY k{check.position} ORDER BY rid) > 1 AS repeated"
        return f"(SELECT *, {mark} FROM {source} WHERE {left})"

    def _count(self, source: str, checks: Sequence[RuleCheck]) -> list[tuple[int, ...]]:
        """For each file its index and how many rows break each check."""
        items = ", ".join(f"count_if({check.broken})" for check in checks)
        try:
            return self._connection.execute(f"SELECT f, {items} FROM {source} GROUP BY f ORDER BY f").fetchall()
        except _CANNOT as error:
            if len(checks) > 1:
                for check in checks:
                    self._count(source, [check])  # which of them it is
            raise ConfigError(
                f"datasets/{self._table.plan.contract.name}.toml: the rule {checks[0].words} cannot be checked: "
                f"{safe(str(error).splitlines()[0], 160)}",
                hint="Write it so that it works for every value, for example with TRY_CAST.",
                code="bad_rule",
            ) from error

    def _first(self, source: str, check: RuleCheck, file: int) -> list[Wrong]:
        """The first rows of a file that break a check. A warning tells of one only."""
        contract = self._table.plan.contract
        value = f"k{check.position}::VARCHAR" if check.position is not None else "NULL"
        names = (f"{text(column.name)}, k{i}" for i, column in enumerate(contract.columns))
        row = "NULL" if self._table.plan.shape.format.by_line else f"json_object({', '.join(names)})::VARCHAR"
        limit = 1 if check.severity is RuleSeverity.WARN else MOST
        found = self._connection.execute(
            f"SELECT rid, {value}, {row} FROM {source} WHERE f = {file} AND {check.broken} ORDER BY rid LIMIT {limit}"
        ).fetchall()
        return [Wrong(self._table.row(rid, file), value, row, rid) for rid, value, row in found]

    def _tell(self, file: int, found: Sequence[_Finding]) -> None:
        """Rows become rejects with their place in the delivered file; each row once, by its first fault."""
        result = self._results[file]
        wrong = [(finding.check, one) for finding in found for one in finding.first]
        described = iter(describe(self._table.plan, self._paths[file], wrong))
        seen = {_key(reject) for reject in result.rejects}
        for finding in found:
            rejects = [next(described) for _ in finding.first]
            if finding.check.severity is RuleSeverity.WARN:
                rows = "row breaks" if finding.count == 1 else "rows break"
                result.notices.append(f"{numbers.count(finding.count)} {rows} a rule. The first: {rejects[0].message}")
                continue
            if finding.check.severity is RuleSeverity.QUARANTINE_FILE and result.quarantine is None:
                result.quarantine = reason_of_reject(rejects[0])
            for reject in rejects:
                if reject.row is None or _key(reject) not in seen:
                    seen.add(_key(reject))
                    result.rejects.append(reject)
        result.rejects.sort(key=lambda reject: reject.row or 0)
        del result.rejects[MOST:]

    def _doom(self, rows: str) -> None:
        if self._any_rejected:
            self._connection.execute(f"INSERT INTO {_REJECTED} {rows}")
        else:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_REJECTED} AS {rows}")
            self._any_rejected = True

    def _remove(self) -> None:
        """Count each wrong row once, and take out what is wrong."""
        if not self._any_rejected:
            return
        thinned: list[str] = []
        counts = f"SELECT f, count(DISTINCT rid) FROM {_REJECTED} GROUP BY f"
        for file, count in self._connection.execute(counts).fetchall():
            self._results[file].rejected = count
            if self._results[file].quarantine is None:
                thinned.append(str(file))
        if thinned:
            self._table.drop(f"SELECT rid FROM {_REJECTED} WHERE f IN ({', '.join(thinned)})")


def _key(reject: Reject) -> int:
    return reject.row or 0
