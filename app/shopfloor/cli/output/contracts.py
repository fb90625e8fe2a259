"""Contracts and their history as text."""

from __future__ import annotations

import msgspec

from shopfloor.cli.output.cells import count, joined, minute, setting, share, text, words, yes
from shopfloor.cli.output.table import TextColumn, facts, paragraphs, table
from shopfloor.domain import numbers
from shopfloor.domain.columns import Column as DataColumn
from shopfloor.domain.contract import Arrival, Condition, Contract, Parser, Rule, Volume
from shopfloor.domain.revision import ContractRevision

COLUMNS: tuple[TextColumn[DataColumn], ...] = (
    TextColumn("COLUMN", lambda each: text(each.name), room=20),
    TextColumn("TYPE", lambda each: text(each.written)),
    TextColumn("MAY BE MISSING", lambda each: yes(each.nullable)),
    TextColumn("MAY BE ABSENT", lambda each: yes(each.optional), drop=1),
)

RULES: tuple[TextColumn[Rule], ...] = (
    TextColumn("COLUMN", lambda each: text(each.column), room=20),
    TextColumn("RULE", lambda each: _rule(each), room=30),
    TextColumn("ELSE", lambda each: str(each.severity)),
)

CONDITIONS: tuple[TextColumn[Condition], ...] = (
    TextColumn("CONDITION", lambda each: text(each.name), room=20),
    TextColumn("SQL", lambda each: text(each.sql), room=30),
    TextColumn("ELSE", lambda each: str(each.severity)),
)

REVISIONS: tuple[TextColumn[ContractRevision], ...] = (
    TextColumn("REVISION", lambda each: count(each.revision), right=True),
    TextColumn("WHEN", lambda each: minute(each.at)),
    TextColumn("CAUSE", lambda each: str(each.cause)),
    TextColumn("BY", lambda each: text(each.actor), room=12),
    TextColumn("CHANGES", lambda each: words("; ".join(each.changes)), room=30),
)


def describe(contract: Contract, width: int | None) -> str:
    """What files of a dataset must look like."""
    known = [
        ("dataset", text(contract.name)),
        ("revision", count(contract.revision)),
        ("mode", str(contract.mode)),
        *([("query", text(" ".join(contract.query.split())))] if contract.query else []),
        ("key", joined(contract.key)),
        ("time", text(contract.time)),
        ("other columns", str(contract.schema_policy)),
        ("reject budget", share(contract.reject_budget)),
        *_volume(contract.volume),
        *([("max age", f"{numbers.exact(contract.freshness.hours)} hours")] if contract.freshness.hours else []),
        *([("parser", _settings(contract.parser))] if contract.parser != Parser() else []),
        *_arrival(contract.arrival),
    ]
    rules = table(RULES, contract.rules, width) if contract.rules else ""
    conditions = table(CONDITIONS, contract.conditions, width) if contract.conditions else ""
    columns = table(COLUMNS, contract.columns, width) if contract.columns else ""
    return paragraphs(facts(known, width), columns, rules, conditions)


def _volume(volume: Volume) -> list[tuple[str, str]]:
    parts = [
        f"at least {numbers.count(volume.min_rows)}" if volume.min_rows is not None else "",
        f"at most {numbers.count(volume.max_rows)}" if volume.max_rows is not None else "",
        f"within {numbers.percent(volume.band)} of the usual" if volume.band is not None else "",
    ]
    expected = ", ".join(part for part in parts if part)
    return [("rows of a file", f"{expected}; else {volume.severity}")] if expected else []


def _settings(parser: Parser) -> str:
    """The parser settings that are given."""
    return ", ".join(f"{name} {_as_text(value)}" for name, value in msgspec.structs.asdict(parser).items() if value)


def _as_text(value: str | int | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return " or ".join(map(text, value))
    return "tab" if value == "\t" else text(str(value))


def _arrival(arrival: Arrival) -> list[tuple[str, str]]:
    usual = Arrival()
    return [
        (label, str(value))
        for label, value, silent in (
            ("corrected files", arrival.corrected, usual.corrected),
            ("originals", arrival.originals, usual.originals),
        )
        if value != silent
    ]


def _rule(rule: Rule) -> str:
    parts = [
        f"at least {setting(rule.min)}" if rule.min is not None else "",
        f"at most {setting(rule.max)}" if rule.max is not None else "",
        f"one of {joined(rule.values)}" if rule.values is not None else "",
        f"matches {text(rule.pattern)}" if rule.pattern else "",
        "is not missing" if rule.not_null else "",
        "is unique" if rule.unique else "",
    ]
    return ", ".join(part for part in parts if part) or "–"
