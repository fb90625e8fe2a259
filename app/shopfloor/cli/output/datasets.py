"""Datasets, versions and profiles as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from shopfloor.cli.output.cells import (
    count,
    figure,
    joined,
    minute,
    moment,
    setting,
    share,
    size,
    text,
    version,
    words,
    yes,
)
from shopfloor.cli.output.table import Column, facts, paragraphs, sentence, table
from shopfloor.domain.columns import Column as DataColumn
from shopfloor.domain.contract import Contract, Parser, Rule
from shopfloor.domain.dataset import ColumnProfile, DatasetRecord, DatasetVersion, VersionDiff
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetPreview, DatasetProfile

COLUMNS: tuple[Column[DatasetRecord], ...] = (
    Column("NAME", lambda each: text(each.name), room=20),
    Column("VERSION", lambda each: version(each.version or None), right=True),
    Column("ROWS", lambda each: count(each.rows), right=True),
    Column("ADDED", lambda each: count(each.added_rows), right=True, drop=4),
    Column("COLUMNS", lambda each: count(each.columns), right=True, drop=3),
    Column("FILES", lambda each: count(each.files), right=True, drop=5),
    Column("QUARANTINED", lambda each: count(each.quarantined), right=True, drop=2),
    Column("SIZE", lambda each: size(each.bytes), right=True, drop=6),
    Column("MODE", lambda each: text(each.mode), drop=7),
    Column("UPDATED", lambda each: minute(each.updated_at), drop=1),
    Column("USED BY", lambda each: joined(each.used_by), room=16, drop=8),
)
EMPTY = "No dataset yet. Drop a file into inbox/NAME/, or: shopfloor add FILE --dataset NAME"

VERSIONS: tuple[Column[DatasetVersion], ...] = (
    Column("VERSION", lambda each: version(each.version)),
    Column("ROWS", lambda each: count(each.rows), right=True),
    Column("ADDED", lambda each: gain_rows(each.added_rows), right=True),
    Column("COLUMNS", lambda each: count(len(each.columns)), right=True, drop=2),
    Column("PARTS", lambda each: count(len(each.parts)), right=True, drop=3),
    Column("FILES", lambda each: count(len(each.files)), right=True, drop=4),
    Column("CREATED", lambda each: minute(each.created_at)),
    Column("DIGEST", lambda each: text(each.digest)[:12], drop=5),
    Column("CAUSE", lambda each: words(each.cause), room=16),
)

SCHEMA: tuple[Column[DataColumn], ...] = (
    Column("COLUMN", lambda each: text(each.name), room=20),
    Column("TYPE", lambda each: text(each.written)),
    Column("MAY BE MISSING", lambda each: yes(each.nullable)),
)

RULES: tuple[Column[Rule], ...] = (
    Column("COLUMN", lambda each: text(each.column), room=20),
    Column("RULE", lambda each: _rule(each), room=30),
    Column("ELSE", lambda each: str(each.severity)),
)

PROFILE: tuple[Column[ColumnProfile], ...] = (
    Column("COLUMN", lambda each: text(each.name), room=20),
    Column("TYPE", lambda each: text(each.type)),
    Column("MISSING", lambda each: share(each.missing / each.rows if each.rows else 0), right=True),
    Column("DISTINCT", lambda each: count(each.distinct), right=True),
    Column("MIN", lambda each: text(each.min), right=True, room=20, drop=2),
    Column("MAX", lambda each: text(each.max), right=True, room=20, drop=2),
    Column("MEAN", lambda each: figure(each.mean), right=True, drop=1),
    Column("MOST FREQUENT", lambda each: _top(each), room=24, drop=3),
)


def _settings(parser: Parser) -> str:
    """The parser settings that are given."""
    given = msgspec.structs.asdict(parser)
    return ", ".join(
        f"{name} {text(str(value)) if value != chr(9) else 'tab'}" for name, value in given.items() if value
    )


def gain_rows(rows: int) -> str:
    """Added rows with their sign."""
    return f"{rows:+,}"


def describe(dataset: DatasetRecord, width: int | None) -> str:
    """One dataset at a glance."""
    return facts(
        [
            ("dataset", text(dataset.name)),
            ("mode", text(dataset.mode)),
            ("version", version(dataset.version or None)),
            ("rows", f"{count(dataset.rows)} ({gain_rows(dataset.added_rows)} last)"),
            ("columns", count(dataset.columns)),
            ("parts", f"{count(dataset.parts)}, {size(dataset.bytes)}"),
            ("files", f"{count(dataset.files)} taken in, {count(dataset.quarantined)} quarantined"),
            ("updated", moment(dataset.updated_at)),
            ("used by", joined(dataset.used_by)),
        ],
        width,
    )


def describe_version(found: DatasetVersion, width: int | None) -> str:
    """One version with its columns."""
    known = [
        ("version", f"{text(found.dataset)}@{found.version}"),
        ("rows", f"{count(found.rows)} ({gain_rows(found.added_rows)})"),
        ("parts", f"{count(len(found.parts))}, {size(sum(part.bytes for part in found.parts))}"),
        ("files", _files(found.files)),
        ("digest", text(found.digest)),
        ("created", moment(found.created_at)),
        ("cause", text(found.cause)),
        *(("notice", text(notice)) for notice in found.notices),
    ]
    return paragraphs(facts(known, width), table(SCHEMA, found.columns, width))


def describe_contract(contract: Contract, width: int | None) -> str:
    """What files of a dataset must look like."""
    known = [
        ("dataset", text(contract.name)),
        ("revision", count(contract.revision)),
        ("mode", str(contract.mode)),
        ("key", joined(contract.key)),
        ("time", text(contract.time)),
        ("other columns", str(contract.schema_policy)),
        ("reject budget", share(contract.reject_budget)),
        *([("parser", _settings(contract.parser))] if contract.parser != Parser() else ()),
    ]
    rules = table(RULES, contract.rules, width) if contract.rules else ""
    schema = table(SCHEMA, contract.columns, width) if contract.columns else ""
    return paragraphs(facts(known, width), schema, rules)


def describe_diff(diff: VersionDiff, width: int | None) -> str:
    """What changed between two versions, with + and -."""
    rows = [
        ("versions", f"{text(diff.dataset)}@{diff.left} -> {text(diff.dataset)}@{diff.right}"),
        ("rows", f"{count(diff.rows_left)} -> {count(diff.rows_right)}"),
        ("added rows", gain_rows(diff.added_rows)),
        ("removed rows", f"-{count(diff.removed_rows)}" if diff.removed_rows else "0"),
        ("files added", _files(diff.files_added)),
    ]
    changes = [
        *(f"+ {text(name)}" for name in diff.added_columns),
        *(f"- {text(name)}" for name in diff.removed_columns),
        *(f"~ {text(name)}" for name in diff.retyped_columns),
    ]
    columns = "columns\n" + "\n".join(f"  {line}" for line in changes) if changes else ""
    return paragraphs(facts(rows, width), columns or sentence("The columns are the same.", width))


def describe_profile(profile: DatasetProfile, width: int | None) -> str:
    """Statistics of every column."""
    title = f"{text(profile.dataset)}@{profile.version}: {count(profile.rows)} rows"
    return paragraphs(sentence(title, width), table(PROFILE, profile.columns, width))


def describe_preview(preview: DatasetPreview, width: int | None) -> str:
    """Rows as a table; a missing value is a dash."""
    layout = [
        Column[Sequence[str | None]](text(name), _nth(index), room=20, drop=index)
        for index, name in enumerate(preview.columns)
    ]
    return table(layout, preview.rows, width) if layout else ""


def describe_parts(files: DatasetFiles) -> str:
    """One path a line, ready for another tool."""
    return "\n".join(text(part.path) for part in files.parts)


def _nth(index: int) -> Callable[[Sequence[str | None]], str]:
    return lambda row: text(row[index])


def _files(files: tuple[str, ...]) -> str:
    shown = joined(files[:10])
    return f"{shown}, and {count(len(files) - 10)} more" if len(files) > 10 else shown


def _top(profile: ColumnProfile) -> str:
    return ", ".join(f"{text(value)} ({count(times)})" for value, times in profile.top[:3])


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
