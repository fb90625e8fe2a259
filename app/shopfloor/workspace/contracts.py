"""`datasets/NAME.toml`: contracts as text that people read and edit."""

from __future__ import annotations

from typing import Any

import msgspec
import tomlkit

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import (
    Arrival,
    Condition,
    Contract,
    Freshness,
    Mode,
    Parser,
    Rule,
    RuleSeverity,
    SchemaPolicy,
    Volume,
)
from shopfloor.domain.dialect import check_format, check_parser
from shopfloor.domain.errors import ConfigError, UsageError
from shopfloor.domain.names import check_name, did_you_mean, is_name
from shopfloor.domain.record import Record
from shopfloor.workspace.form import read_form, write_text_atomic
from shopfloor.workspace.layout import Layout


class ColumnForm(Record, frozen=True, kw_only=True):
    """One column as written in the file: its type and its rules."""

    type: ColumnType
    nullable: bool = True
    optional: bool = False
    format: str = ""
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    unique: bool = False
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


class ContractForm(Record, frozen=True, kw_only=True):
    """The file. A column is a type (`"number"`) or a table with rules."""

    mode: Mode = Mode.APPEND
    key: tuple[str, ...] = ()
    time: str | None = None
    schema_policy: SchemaPolicy = SchemaPolicy.EVOLVE
    reject_budget: float = 0.0
    revision: int = 1
    columns: dict[str, ColumnType | ColumnForm] = {}
    conditions: tuple[Condition, ...] = ()
    volume: Volume = Volume()
    freshness: Freshness = Freshness()
    parser: Parser = Parser()
    arrival: Arrival = Arrival()


def list_contracts(layout: Layout) -> list[str]:
    """Names of all datasets that have a contract file."""
    return sorted(path.stem for path in layout.datasets.glob("*.toml") if is_name(path.stem))


def load_contract(layout: Layout, dataset: str) -> Contract | None:
    """The contract of `dataset`, None without a file; raises `ConfigError`."""
    path = layout.contract(check_name(dataset, "Dataset"))
    if not path.exists():
        return None
    return _checked(_from_form(dataset, read_form(path, ContractForm)), str(path))


def save_contract(layout: Layout, contract: Contract) -> None:
    """Write the contract, keeping the comments of an existing file."""
    path = layout.contract(check_name(contract.name, "Dataset"))
    if path.exists():
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    else:
        document = tomlkit.document()
        document.add(tomlkit.comment(f"Contract of dataset {contract.name}: inferred once, then yours to edit."))
    document["mode"] = contract.mode.value
    _set(document, "key", list(contract.key))
    _set(document, "time", contract.time)
    document["schema_policy"] = contract.schema_policy.value
    _set(document, "reject_budget", contract.reject_budget or None)
    document["revision"] = contract.revision
    document["columns"] = _columns_table(contract)
    _set(document, "conditions", [_told(condition) for condition in contract.conditions])
    for key in ("volume", "freshness", "parser", "arrival"):
        _merge(document, key, _told(getattr(contract, key)))
    write_text_atomic(path, tomlkit.dumps(document))


def _set(document: Any, key: str, value: Any) -> None:
    if value in (None, []):
        document.pop(key, None)
    else:
        document[key] = value


def _told(record: Record) -> dict[str, Any]:
    """What a record says beyond its defaults, as TOML knows it."""
    silent = {field.name: field.default for field in msgspec.structs.fields(record)}
    said = {key: value for key in silent if (value := getattr(record, key)) != silent[key]}
    told: dict[str, Any] = msgspec.to_builtins(said)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items()}


def _merge(document: Any, key: str, wanted: dict[str, Any]) -> None:
    """Make the table `key` say `wanted`, touching only what differs: comments and order are the team's."""
    if not wanted and key not in document:
        return
    table = document.setdefault(key, tomlkit.table())
    for gone in [name for name in table if name not in wanted]:
        del table[gone]
    for name, value in wanted.items():
        if name not in table or table[name] != value:
            table[name] = value


def _columns_table(contract: Contract) -> Any:
    table = tomlkit.table()
    rules = {rule.column: rule for rule in contract.rules}
    for column in contract.columns:
        rule = rules.get(column.name)
        if rule is None and column == Column(name=column.name, type=column.type):
            table[column.name] = column.type.value
            continue
        entry = tomlkit.inline_table()
        entry["type"] = column.type.value
        if not column.nullable:
            entry["nullable"] = False
        if column.optional:
            entry["optional"] = True
        if column.format:
            entry["format"] = column.format
        for key in ("min", "max", "values", "pattern"):
            value = getattr(rule, key, None)
            if value is not None:
                entry[key] = list(value) if isinstance(value, tuple) else value
        if rule is not None and rule.unique:
            entry["unique"] = True
        if rule is not None and rule.severity is not RuleSeverity.QUARANTINE_FILE:
            entry["severity"] = rule.severity.value
        table[column.name] = entry
    return table


def _from_form(name: str, form: ContractForm) -> Contract:
    columns: list[Column] = []
    rules: list[Rule] = []
    for column, entry in form.columns.items():
        if isinstance(entry, ColumnType):
            columns.append(Column(name=column, type=entry))
            continue
        columns.append(
            Column(name=column, type=entry.type, nullable=entry.nullable, optional=entry.optional, format=entry.format)
        )
        rule = Rule(
            column=column,
            min=entry.min,
            max=entry.max,
            values=entry.values,
            pattern=entry.pattern,
            not_null=not entry.nullable,
            unique=entry.unique,
            severity=entry.severity,
        )
        if rule != Rule(column=column, severity=entry.severity):
            rules.append(rule)
    return Contract(
        name=name,
        mode=form.mode,
        key=form.key,
        time=form.time,
        schema_policy=form.schema_policy,
        columns=tuple(columns),
        rules=tuple(rules),
        conditions=form.conditions,
        reject_budget=form.reject_budget,
        volume=form.volume,
        freshness=form.freshness,
        parser=form.parser,
        arrival=form.arrival,
        revision=form.revision,
    )


def _checked(contract: Contract, source: str) -> Contract:
    if contract.mode is Mode.UPSERT and not contract.key:
        raise ConfigError(f"{source}: mode 'upsert' needs a key.", hint='Add key = ["column"].')
    if not 0 <= contract.reject_budget <= 1:
        raise ConfigError(
            f"{source}: 'reject_budget' is a share from 0 to 1.", hint="0.01 allows one row in a hundred."
        )
    names = [column.name for column in contract.columns]
    for column in (*contract.key, *([contract.time] if contract.time else [])):
        if names and column not in names:
            raise ConfigError(
                f"{source} names a column {column!r} that it does not list.", hint=did_you_mean(column, names)
            )
    _check_spelling(contract, source)
    return contract


def _check_spelling(contract: Contract, source: str) -> None:
    """Raise `ConfigError` for parser settings or a column format that nothing can be read with."""
    try:
        check_parser(contract.parser)
        for column in contract.columns:
            check_format(column)
    except UsageError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from error
