"""What a contract must not say, each refusal with the line and key of its file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from shopfloor.domain.column_names import collision
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Bound, Contract, Mode, Rule, RuleSeverity
from shopfloor.domain.dialect import check_format, check_parser
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.workspace.form import TomlForm

_ROWS = "A rule about a whole file: 'quarantine_file' or 'warn'."
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_DATE = "Write an ISO date or time, such as 2020-01-01."


def check_contract(contract: Contract, form: TomlForm) -> None:
    """Raise `ConfigError` for the first thing that cannot work. SQL is not checked here."""
    _check_head(contract, form)
    for rule in contract.rules:
        column = contract.column(rule.column)
        if column is not None and column.type is ColumnType.UNKNOWN and _of_values(rule):
            raise form.wrong(
                ("columns", column.name),
                "has rules about its values, but its type is unknown.",
                "Set its type as well.",
            )
        if column is not None:
            _check_rule(rule, column, form)
    _check_volume(contract, form)
    _check_spelling(contract, form)
    if not 0 <= contract.freshness.hours < math.inf:
        raise form.wrong(("freshness", "hours"), "must not be negative.", "26 allows a daily delivery to be late.")


def _check_head(contract: Contract, form: TomlForm) -> None:
    if contract.mode is Mode.UPSERT and not contract.key:
        raise form.wrong(("mode",), "is 'upsert', which needs a key.", 'Add key = ["column"].')
    if contract.query and contract.mode is not Mode.SNAPSHOT:
        raise form.wrong(
            ("mode",),
            f"is {contract.mode.value!r}, but the rows are made by a query, whose result replaces them.",
            "Remove `mode`, or `query`.",
            "derived_mode",
        )
    if not 0 <= contract.reject_budget <= 1:
        raise form.wrong(("reject_budget",), "is a share from 0 to 1.", "0.01 allows one row in a hundred.")
    names = [column.name for column in contract.columns]
    same = collision(names)
    if same:
        raise form.wrong(
            ("columns", same[1]),
            f"is the same column as {same[0]!r}: names that differ only in case are one name.",
            "Remove one of them; files may use either spelling.",
            "case_collision",
        )
    for key, columns in (("key", contract.key), ("time", (contract.time,) if contract.time else ())):
        for column in columns:
            if names and column not in names:
                raise form.wrong(
                    (key,), f"names a column {column!r} that the contract does not list.", did_you_mean(column, names)
                )


def _of_values(rule: Rule) -> bool:
    """True for a rule that depends on the column's type."""
    return any(asked is not None for asked in (rule.min, rule.max, rule.values, rule.pattern))


def _check_rule(rule: Rule, column: Column, form: TomlForm) -> None:
    path = ("columns", column.name)
    for key, bound in (("min", rule.min), ("max", rule.max)):
        if bound is not None:
            _check_bound(bound, column, form, (*path, key))
    if rule.min is not None and rule.max is not None and order(rule.min) > order(rule.max):
        raise form.wrong((*path, "max"), "is less than min.", "No value could pass both.")
    if rule.values is not None:
        _check_values(rule.values, column, form, (*path, "values"))


def _check_bound(bound: Bound, column: Column, form: TomlForm, path: Sequence[str]) -> None:
    if column.type.temporal:
        if not isinstance(bound, str) or _moment(bound) is None:
            raise form.wrong(path, f"is no {column.type.value}.", _DATE)
    elif not column.type.numeric:
        hint = "For text there are values = [...] and pattern = '...'."
        raise form.wrong(path, f"makes no sense for a column of type {column.type.value}.", hint)
    elif isinstance(bound, str) or not math.isfinite(bound):
        raise form.wrong(path, "is no number.", "Write it without quotes.")


def _check_values(values: Sequence[str], column: Column, form: TomlForm, path: Sequence[str]) -> None:
    if not values:
        raise form.wrong(path, "allows nothing.", "List the allowed values, or drop the key.")
    for word in values:
        if not _fits(word, column.type):
            raise form.wrong(path, f"has {word!r}, which is no {column.type.value}.", "No row could hold it.")


def _check_volume(contract: Contract, form: TomlForm) -> None:
    volume = contract.volume
    if volume.severity is RuleSeverity.REJECT_ROW:
        raise form.wrong(("volume", "severity"), "cannot be 'reject_row'.", _ROWS)
    for key in ("min_rows", "max_rows"):
        if (getattr(volume, key) or 0) < 0:
            raise form.wrong(("volume", key), "must not be negative.", "It counts the rows of one file.")
    if volume.min_rows is not None and volume.max_rows is not None and volume.min_rows > volume.max_rows:
        raise form.wrong(("volume", "max_rows"), "is less than min_rows.", "No file could pass both.")
    if volume.band is not None and not 0 < volume.band < math.inf:
        raise form.wrong(("volume", "band"), "must be above zero.", "0.5 allows half as many rows and half more.")


def _check_spelling(contract: Contract, form: TomlForm) -> None:
    """Parser settings and column formats that nothing can be read with."""
    try:
        check_parser(contract.parser)
    except UsageError as error:
        raise form.wrong(("parser",), f"cannot be used: {error.message}", error.hint) from error
    for column in contract.columns:
        try:
            check_format(column)
        except UsageError as error:
            raise form.wrong(
                ("columns", column.name, "format"), f"cannot be used: {error.message}", error.hint
            ) from error


def order(bound: Bound) -> float:
    """A bound as a number that sorts like it."""
    if isinstance(bound, str):
        moment = _moment(bound)
        return 0.0 if moment is None else (moment.replace(tzinfo=UTC) - _BEGINNING).total_seconds()
    return float(bound)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _fits(word: str, kind: ColumnType) -> bool:
    if kind is ColumnType.BOOLEAN:
        return word in {"true", "false"}
    if kind.temporal:
        return _moment(word) is not None
    if not kind.numeric:
        return True
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
