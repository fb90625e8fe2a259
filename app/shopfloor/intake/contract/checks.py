"""A contract's rules and conditions as SQL that is true for the rows that break them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.columns import EXACT, Column, ColumnType
from shopfloor.domain.contract import Bound, Contract, Rule, RuleSeverity
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.ids import ulid
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.duck.sandbox import temporary_duckdb
from shopfloor.duck.sql import text, texts, typed
from shopfloor.intake.contract.expression import check_pattern, expression
from shopfloor.intake.derived.query import read_query
from shopfloor.lake.retype import by_stored_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class RuleCheck:
    """One way to be wrong: `broken` is SQL over k0, k1, … and never NULL for a row that breaks it.

    `position` is the column's in the contract, None for a condition. `unique` checks read `repeated`
    as well, which is true for the second and later rows with a value.
    """

    words: str
    broken: str
    severity: RuleSeverity
    position: int | None = None
    why: str = ""
    unique: bool = False


def checks_of(connection: DuckDBPyConnection, contract: Contract, previous: Sequence[str] = ()) -> list[RuleCheck]:
    """Every check of `contract`; raises `ConfigError` naming the rule or condition that cannot work.

    `previous` are the dataset's parts: a value that must be unique may not be in them either.
    """
    positions = {column.name: i for i, column in enumerate(contract.columns)}
    ruled = {rule.column for rule in contract.rules if rule.not_null}
    found = [
        _needed(i, column, contract)
        for i, column in enumerate(contract.columns)
        if column.name in contract.key or (not column.nullable and column.name not in ruled)
    ]
    for rule in contract.rules:
        if rule.column not in positions:
            raise _bad(contract, f"columns.{rule.column}", "is not a column.", did_you_mean(rule.column, positions))
        i = positions[rule.column]
        found += _of_rule(connection, contract, rule, i, previous)
    for number, condition in enumerate(contract.conditions, 1):
        called = condition.name or condition.sql
        try:
            sql = expression(connection, condition.sql, contract.columns)
        except ConfigError as error:
            where = f"conditions[{number}].sql ({safe(called, 60)})"
            raise _bad(contract, where, error.message, error.hint) from error
        found.append(RuleCheck(safe(called, 120), f"NOT coalesce({sql}, true)", condition.severity))
    return found


def check_rules_work(connection: DuckDBPyConnection, contract: Contract) -> None:
    """Raise `ConfigError` for a pattern or condition that cannot be checked. Without columns there are none."""
    if contract.columns:
        checks_of(connection, contract)


def _bad(contract: Contract, where: str, why: str, hint: str) -> ConfigError:
    return ConfigError(f"datasets/{contract.name}.toml: key {where!r} {why}", hint=hint, code="bad_rule")


def _needed(position: int, column: Column, contract: Contract) -> RuleCheck:
    why = "it is part of the key" if column.name in contract.key else "it must have a value"
    return RuleCheck("not_null", f"k{position} IS NULL", RuleSeverity.REJECT_ROW, position, why)


def _of_rule(
    connection: DuckDBPyConnection, contract: Contract, rule: Rule, position: int, previous: Sequence[str]
) -> list[RuleCheck]:
    """The checks of one rule; a missing value breaks `not_null` and nothing else."""
    column, value = contract.columns[position], f"k{position}"
    found: list[tuple[str, str]] = []
    if rule.min is not None and _ordered(column):
        found.append((f"min = {rule.min}", f"coalesce({value} < {_literal(rule.min, column)}, false)"))
    if rule.max is not None and _ordered(column):
        found.append((f"max = {rule.max}", f"coalesce({_above(value, rule.max, column)}, false)"))
    if rule.values is not None:
        inside = f"{value} IN ({', '.join(_literal(word, column) for word in rule.values)})"
        found.append((f"values ({len(rule.values)} allowed)", f"{value} IS NOT NULL AND NOT {inside}"))
    if rule.pattern is not None:
        try:
            check_pattern(connection, rule.pattern)
        except ConfigError as error:
            raise _bad(contract, f"columns.{rule.column}.pattern", error.message, error.hint) from error
        match = f"regexp_full_match({value}::VARCHAR, {text(rule.pattern)})"
        found.append((f"pattern {safe(rule.pattern, 60)!r}", f"{value} IS NOT NULL AND NOT {match}"))
    if rule.not_null:
        found.append(("not_null", f"{value} IS NULL"))
    checks = [RuleCheck(words, broken, rule.severity, position, "a rule forbids that") for words, broken in found]
    if rule.unique:
        broken = _repeated(connection, column, value, previous)
        checks.append(RuleCheck("unique", broken, rule.severity, position, unique=True))
    return checks


def _ordered(column: Column) -> bool:
    return column.type.numeric or column.type.temporal


def _above(value: str, bound: Bound, column: Column) -> str:
    """A day without a time of day includes the whole day."""
    if column.type is ColumnType.TIMESTAMP and isinstance(bound, str) and len(bound) == 10:
        return f"{value} >= {_literal(bound, column)} + INTERVAL 1 DAY"
    return f"{value} > {_literal(bound, column)}"


def _literal(bound: Bound, column: Column) -> str:
    """A bound or an allowed value as SQL of the column's type, exact where the column is."""
    if column.type.temporal:
        moment = datetime.fromisoformat(str(bound))
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return f"TIMESTAMP {text(moment.isoformat(sep=' '))}"
    if column.type.numeric:
        number = _number(bound)
        return str(number) if isinstance(number, int) else f"{number!r}::DOUBLE"
    return f"{text(str(bound))}::{'BOOLEAN' if column.type is ColumnType.BOOLEAN else 'VARCHAR'}"


def _number(bound: Bound) -> int | float:
    if isinstance(bound, str):
        try:
            bound = int(bound)
        except ValueError:
            bound = float(bound)
    return int(bound) if isinstance(bound, float) and bound.is_integer() and abs(bound) < EXACT else bound


def _repeated(connection: DuckDBPyConnection, column: Column, value: str, previous: Sequence[str]) -> str:
    """The second and later rows with a value, and those with a value that is stored already."""
    again = f"({value} IS NOT NULL AND repeated)"
    holding = _holding(connection, column, previous)
    if not holding:
        return again
    stored = " UNION ALL ".join(f"SELECT {typed(column)} FROM read_parquet({texts(paths)})" for paths in holding)
    return f"({again} OR coalesce({value} IN ({stored}), false))"


def _holding(connection: DuckDBPyConnection, column: Column, previous: Sequence[str]) -> list[list[str]]:
    """The parts that have the column, together where they store it alike: older ones may be from before
    it joined, or became what it is.
    """
    return list(by_stored_type(connection, previous, column.name).values())


def check_with_duckdb(contract: Contract, staging: Path) -> None:
    """Raise `ConfigError` for a query that cannot be used, and for a condition or pattern that DuckDB cannot apply to
    the columns.
    """
    if contract.query:
        try:
            read_query(contract.query)
        except ConfigError as error:
            where = f"datasets/{contract.name}.toml: key 'query'"
            raise ConfigError(f"{where}: {error.message}", hint=error.hint, code=error.code) from error
    with temporary_duckdb(64, 1, staging / f"contract-{ulid()}") as connection:
        check_rules_work(connection, contract)
