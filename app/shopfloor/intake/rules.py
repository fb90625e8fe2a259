"""The contract's rules, checked over typed rows in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from shopfloor.domain.columns import Column
from shopfloor.domain.contract import Contract, Rule, RuleSeverity
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import Reason
from shopfloor.domain.text import safe
from shopfloor.intake import reasons
from shopfloor.intake.locate import places
from shopfloor.intake.reasons import shown
from shopfloor.intake.table import Table
from shopfloor.lake.duck import name, text, texts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DOOMED = "intake_doomed"


@dataclass
class Verdict:
    """What the rules say about one file."""

    quarantine: Reason | None = None
    rejected: int = 0
    rejects: list[Reason] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Check:
    """One condition that marks bad rows, in SQL over k0, k1, … and rid."""

    rule: Rule
    column: Column
    words: str
    condition: str
    why: str = ""


def check_rules(
    connection: DuckDBPyConnection,
    table: Table,
    paths: Sequence[Path],
    previous: Sequence[str] = (),
) -> dict[int, Verdict]:
    """Check `table`, whose files are `paths`, and remove rows that a rule rejects.

    Columns that may not be empty (not nullable, or part of the key) reject rows without a value.
    `previous` are the dataset's parts: a value that must be unique may not be in them either.
    Returns a verdict for each file with anything to say. Raises `ConfigError` for a rule that
    cannot be checked.
    """
    checks = _checks(table.plan.contract, previous)
    verdicts: dict[int, Verdict] = {}
    doomed: list[str] = []
    for check in checks:
        try:
            found = _violations(connection, table, check)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise ConfigError(
                f"The rule {check.words} for column {shown(check.column.name)} cannot be checked: "
                f"{safe(str(error).splitlines()[0], 120)}",
                hint=f"Correct it in datasets/{table.plan.contract.name}.toml.",
                code="bad_rule",
            ) from error
        for file, count, rid, value in found:
            verdict = verdicts.setdefault(file, Verdict())
            reason = _reason(table, check, paths[file], file, rid, value)
            _judge(verdict, check, reason, count)
        if found and check.rule.severity is RuleSeverity.REJECT_ROW:
            doomed.append(f"SELECT f, rid FROM {_marked(table, check)} WHERE {check.condition}")
    if doomed:
        _reject(connection, table, verdicts, doomed)
    return verdicts


def _checks(contract: Contract, previous: Sequence[str]) -> list[_Check]:
    positions = {column.name: i for i, column in enumerate(contract.columns)}
    found = []
    for i, column in enumerate(contract.columns):
        if column.name in contract.key or not column.nullable:
            why = "it is part of the key" if column.name in contract.key else "it must have a value"
            rule = Rule(column=column.name, not_null=True, severity=RuleSeverity.REJECT_ROW)
            found.append(_Check(rule, column, "not_null", f"k{i} IS NULL", why))
    for rule in contract.rules:
        if rule.column not in positions:
            raise ConfigError(
                f"A rule names the column {shown(rule.column)}, which the contract does not have.",
                hint=f"Correct it in datasets/{contract.name}.toml.",
                code="bad_rule",
            )
        i = positions[rule.column]
        found += _conditions(rule, contract.columns[i], f"k{i}", previous)
    return found


def _conditions(rule: Rule, column: Column, value: str, previous: Sequence[str]) -> list[_Check]:
    """The conditions of one rule; a missing value breaks `not_null` and nothing else."""
    found: list[tuple[str, str]] = []
    if rule.min is not None and column.type.numeric:
        found.append((f"min = {rule.min:g}", f"{value} < {float(rule.min)!r}"))
    if rule.max is not None and column.type.numeric:
        found.append((f"max = {rule.max:g}", f"{value} > {float(rule.max)!r}"))
    if rule.values is not None:
        allowed = texts(list(rule.values))
        numbers = f"[{', '.join(f'TRY_CAST({text(word)} AS DOUBLE)' for word in rule.values)}]"
        inside = (
            f"list_contains({numbers}, {value}::DOUBLE)"
            if column.type.numeric
            else f"list_contains({allowed}, {value}::VARCHAR)"
        )
        found.append((f"values ({len(rule.values)} allowed)", f"{value} IS NOT NULL AND NOT {inside}"))
    if rule.pattern is not None:
        match = f"regexp_full_match({value}::VARCHAR, {text(rule.pattern)})"
        found.append((f"pattern {safe(rule.pattern, 60)!r}", f"{value} IS NOT NULL AND NOT {match}"))
    checks = [_Check(rule, column, words, condition) for words, condition in found]
    if rule.not_null:
        checks.append(_Check(rule, column, "not_null", f"{value} IS NULL", "a rule forbids that"))
    if rule.unique:
        checks.append(_Check(rule, column, "unique", _unique(column, value, previous)))
    return checks


def _unique(column: Column, value: str, previous: Sequence[str]) -> str:
    """The second and later rows with a value, and those with a value that is stored already."""
    condition = f"{value} IS NOT NULL AND repeated_{value}"
    if not previous:
        return condition
    stored = f"SELECT {name(column.name)} FROM read_parquet({texts(list(previous))}, union_by_name = true)"
    return f"({condition}) OR {value} IN ({stored})"


def _violations(connection: DuckDBPyConnection, table: Table, check: _Check) -> list[tuple[int, int, int, str]]:
    """For each file with bad rows: its index, their number, the first one's rid and value."""
    i = next(i for i, c in enumerate(table.plan.contract.columns) if c is check.column)
    return connection.execute(
        f"SELECT f, count(*), min(rid), arg_min(k{i}::VARCHAR, rid) FROM {_marked(table, check)} "
        f"WHERE {check.condition} GROUP BY f ORDER BY f"
    ).fetchall()


def _marked(table: Table, check: _Check) -> str:
    """The rows, with a mark on repeated values where the check needs it."""
    if "repeated_" not in check.condition:
        return table.source
    i = next(i for i, c in enumerate(table.plan.contract.columns) if c is check.column)
    mark = f"row_number() OVER (PARTITION BY k{i} ORDER BY rid) > 1 AS repeated_k{i}"
    return f"(SELECT *, {mark} FROM {table.source})"


def _reason(table: Table, check: _Check, path: Path, file: int, rid: int, value: str | None) -> Reason:
    row = table.row(rid, file)
    place = places(path, table.plan.shape, [row]).get(row) if row >= 0 else None
    place = place or reasons.Place()
    if value is None:
        return reasons.missing_value(place, check.column.name, check.why)
    return reasons.broken_rule(place, check.column.name, value, check.words)


def _judge(verdict: Verdict, check: _Check, reason: Reason, count: int) -> None:
    severity = check.rule.severity
    if severity is RuleSeverity.WARN:
        rows = "row" if count == 1 else "rows"
        verdict.notices.append(f"{count:,} {rows} break a rule. The first: {reason.message}")
    elif severity is RuleSeverity.REJECT_ROW:
        verdict.rejects.append(reason)
    elif verdict.quarantine is None:
        verdict.quarantine = reason


def _reject(
    connection: DuckDBPyConnection,
    table: Table,
    verdicts: dict[int, Verdict],
    doomed: Sequence[str],
) -> None:
    """Remove rows that one or more rules reject, and count each once."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_DOOMED} AS {' UNION '.join(doomed)}")
    counts = connection.execute(f"SELECT f, count(*) FROM {_DOOMED} GROUP BY f").fetchall()
    for file, count in counts:
        verdicts[file].rejected = count
    table.drop(f"SELECT rid FROM {_DOOMED}")
    connection.execute(f"DROP TABLE {_DOOMED}")
