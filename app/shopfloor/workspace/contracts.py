"""`datasets/NAME.toml`: contracts as text that people read and edit."""

from __future__ import annotations

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import (
    Arrival,
    Bound,
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
from shopfloor.domain.names import check_name, is_name
from shopfloor.domain.record import Record
from shopfloor.workspace.contract_check import check_contract
from shopfloor.workspace.contract_text import rendered, words_of
from shopfloor.workspace.form import TomlForm, parse_form, read_text, write_text_atomic
from shopfloor.workspace.layout import Layout


class ColumnForm(Record, frozen=True, kw_only=True):
    """One column as written in the file: its type and its rules."""

    type: ColumnType
    nullable: bool = True
    optional: bool = False
    format: str = ""
    min: Bound | None = None
    max: Bound | None = None
    values: tuple[bool | int | float | str, ...] | None = None
    pattern: str | None = None
    unique: bool = False
    severity: RuleSeverity = RuleSeverity.QUARANTINE_FILE


class ContractForm(Record, frozen=True, kw_only=True):
    """The file. A column is a type (`"number"`) or a table with rules. `mode` is `append` unless it says otherwise, and
    `snapshot` where a query makes the rows.
    """

    mode: Mode | None = None
    query: str = ""
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
    return parse_contract(dataset, read_text(path), str(path))


def parse_contract(dataset: str, text: str, source: str) -> Contract:
    """The contract that TOML `text` says; raises `ConfigError` naming `source`, line and key."""
    contract = _from_form(dataset, parse_form(text, ContractForm, source))
    check_contract(contract, TomlForm(text, source))
    return contract


def needs_duckdb(contract: Contract) -> bool:
    """True when the contract says something that only DuckDB can tell to be right: SQL or a pattern."""
    return bool(contract.conditions or contract.query) or any(rule.pattern is not None for rule in contract.rules)


def save_contract(layout: Layout, contract: Contract) -> str:
    """Write the contract, keeping the comments of an existing file; returns the text."""
    path = layout.contract(check_name(contract.name, "Dataset"))
    before = read_text(path) if path.exists() else ""
    text = rendered(contract, before)
    if text != before:
        write_text_atomic(path, text)
    return text


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
            values=None if entry.values is None else words_of(entry.values),
            pattern=entry.pattern,
            not_null=not entry.nullable,
            unique=entry.unique,
            severity=entry.severity,
        )
        if rule != Rule(column=column, severity=entry.severity):
            rules.append(rule)
    contract = Contract(
        name=name,
        mode=form.mode or (Mode.SNAPSHOT if form.query else Mode.APPEND),
        query=form.query.strip(),
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
    return contract.spelled()
