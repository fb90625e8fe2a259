"""A contract written into its TOML text, touching only what differs: comments and order are the team's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import tomlkit

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Bound, Contract, Mode, Rule, RuleSeverity, SchemaPolicy
from shopfloor.domain.record import Record

_ORIGIN = {False: "inferred from the first file", True: "its rows are made by a query"}


def rendered(contract: Contract, before: str = "") -> str:
    """The text of `contract`; `before` is the file's text, whose comments stay."""
    if before:
        document = tomlkit.parse(before)
    else:
        document = tomlkit.document()
        document.add(
            tomlkit.comment(f"Contract of dataset {contract.name}: {_ORIGIN[bool(contract.query)]}; edit it as needed.")
        )
    if "mode" in document or not before or contract.mode is not Mode.APPEND:
        _set(document, "mode", contract.mode.value)
    _set(document, "query", contract.query or None)
    _set(document, "key", list(contract.key))
    _set(document, "time", contract.time)
    if "schema_policy" in document or not before or contract.schema_policy is not SchemaPolicy.EVOLVE:
        _set(document, "schema_policy", contract.schema_policy.value)
    _set(document, "reject_budget", contract.reject_budget or None)
    _set(document, "revision", contract.revision)
    _merge_columns(document, contract)
    _set_conditions(document, contract)
    for key in ("volume", "freshness", "parser", "arrival"):
        _merge(document, key, _without_defaults(getattr(contract, key)))
    return tomlkit.dumps(document)


def words_of(values: Any) -> tuple[str, ...]:
    """Allowed values as text, however they were written."""
    return tuple(_word(value) for value in values)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _set(table: Any, key: str, value: Any) -> None:
    if value in (None, []):
        table.pop(key, None)
    elif key not in table or _plain(table[key]) != value:
        table[key] = value


def _plain(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _without_defaults(record: Record) -> dict[str, Any]:
    """The values of a record that differ from its defaults, as TOML values."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(record)}
    given = {key: value for key in defaults if (value := getattr(record, key)) != defaults[key]}
    builtins: dict[str, Any] = msgspec.to_builtins(given)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in builtins.items()}


def _merge(document: Any, key: str, wanted: dict[str, Any]) -> None:
    if not wanted and key not in document:
        return
    table = document.setdefault(key, tomlkit.table())
    for gone in [name for name in table if name not in wanted]:
        del table[gone]
    for name, value in wanted.items():
        _set(table, name, value)


def _set_conditions(document: Any, contract: Contract) -> None:
    wanted = [_without_defaults(condition) for condition in contract.conditions]
    written = [msgspec.to_builtins(_plain(one)) for one in document.get("conditions", [])]
    if [{"name": "", **one} for one in written] != [{"name": "", **one} for one in wanted]:
        _set(document, "conditions", wanted)


def _merge_columns(document: Any, contract: Contract) -> None:
    table = document.setdefault("columns", tomlkit.table())
    names = {column.name for column in contract.columns}
    for gone in [name for name in table if name not in names]:
        del table[gone]
    rules = {rule.column: rule for rule in contract.rules}
    for column in contract.columns:
        entry = _entry(column, rules.get(column.name))
        written = table.get(column.name)
        if isinstance(entry, dict) and isinstance(written, dict):
            _merge_entry(written, entry)
        elif not isinstance(written, str) or written != entry:
            table[column.name] = _inline(entry) if isinstance(entry, dict) else entry


def _merge_entry(written: Any, wanted: dict[str, Any]) -> None:
    defaults = {"nullable": True, "optional": False, "unique": False, "severity": RuleSeverity.QUARANTINE_FILE.value}
    for gone in [key for key in written if key not in wanted and _plain(written[key]) != defaults.get(key)]:
        del written[gone]
    for key, value in wanted.items():
        if key == "values" and key in written and words_of(_plain(written[key])) == words_of(value):
            continue
        if key in {"min", "max"} and key in written and _same_bound(_plain(written[key]), value):
            continue
        _set(written, key, value)


def _same_bound(written: Any, wanted: Any) -> bool:
    return bool(_iso(written) == _iso(wanted))


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _inline(entry: dict[str, Any]) -> Any:
    table = tomlkit.inline_table()
    for key, value in entry.items():
        table[key] = value
    return table


def _entry(column: Column, rule: Rule | None) -> str | dict[str, Any]:
    """What the file says about one column: its type alone, or a table with its rules."""
    entry: dict[str, Any] = {"type": column.type.value}
    if not column.nullable or (rule is not None and rule.not_null):
        entry["nullable"] = False
    if column.optional:
        entry["optional"] = True
    if column.format:
        entry["format"] = column.format
    if rule is not None:
        for key in ("min", "max"):
            bound = getattr(rule, key)
            if bound is not None:
                entry[key] = _bound(bound)
        if rule.values is not None:
            entry["values"] = [_value(word, column.type) for word in rule.values]
        if rule.pattern is not None:
            entry["pattern"] = rule.pattern
        if rule.unique:
            entry["unique"] = True
        if rule.severity is not RuleSeverity.QUARANTINE_FILE:
            entry["severity"] = rule.severity.value
    return entry if len(entry) > 1 else column.type.value


def _bound(bound: Bound) -> Any:
    if not isinstance(bound, str):
        return bound
    try:
        return date.fromisoformat(bound) if len(bound) == 10 else datetime.fromisoformat(bound)
    except ValueError:
        return bound


def _value(word: str, kind: ColumnType) -> Any:
    """An allowed value as TOML writes it; the spelling must come back as it was."""
    for made in (int, float):
        try:
            if kind.numeric and repr(made(word)) == word:
                return made(word)
        except ValueError:
            continue
    return word
