"""Why a value is not let in."""

from __future__ import annotations

import re

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.file import Reason
from shopfloor.domain.missing import may_mean_missing
from shopfloor.domain.number_format import COMMA, POINT
from shopfloor.domain.remedy import Remedy
from shopfloor.domain.text import quoted, safe
from shopfloor.formats.notation import GROUPS
from shopfloor.formats.reasons.bad_file import Place
from shopfloor.formats.reasons.remedies import REDELIVER, WIDEN, retried_with

_NOUNS = {
    ColumnType.BOOLEAN: "true or false",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.TEXT: "text",
    ColumnType.DATE: "a date (such as 2026-01-31)",
    ColumnType.TIMESTAMP: "a time (such as 2026-01-31T08:30:00)",
    ColumnType.UNKNOWN: "a missing value",
}
_GROUPS = re.compile(GROUPS, re.ASCII)
_DAY_ORDER = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2[0-9]{4}( [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?")
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{19,}")


def bad_value(place: Place, column: str, kind: ColumnType, value: object, format: str = "") -> Reason:
    noun = f"{kind.value} written as {format}" if format else _NOUNS[kind].removeprefix("a ")
    article = "" if kind in {ColumnType.TEXT, ColumnType.BOOLEAN} else "a "
    why = f"is not {article}{noun}"
    if kind is ColumnType.INTEGER and _WHOLE_NUMBER.fullmatch(str(value).strip()):
        why = "has more than the 64 bits of a whole number"
    if (kind is ColumnType.INTEGER or format == COMMA) and _GROUPS.fullmatch(str(value).strip()):
        return _two_ways(place, column, str(value).strip(), format)
    if kind.temporal and not format and (orders := _day_orders(str(value).strip())):
        why += f"; format = {' or '.join(orders)} would say which day it is"
    return Reason(
        code="bad_value",
        message=f"{place.words} {quoted(column)}: {quoted(value)} {why}.",
        line=place.line,
        column=safe(column, 120),
        hint=REDELIVER,
        remedies=(WIDEN, *declared(str(value))),
    )


def _day_orders(value: str) -> list[str]:
    """The formats under which a text that begins like 03/04/2026 is a day."""
    found = _DAY_ORDER.fullmatch(value)
    if found is None:
        return []
    mark, clock = found[2], ("", " %H:%M", " %H:%M:%S")[(found[4] or "").count(":")]
    orders = [("%d", "%m")] * (int(found[3]) <= 12) + [("%m", "%d")] * (int(found[1]) <= 12)
    return [f'"{first}{mark}{second}{mark}%Y{clock}"' for first, second in orders]


def _two_ways(place: Place, column: str, value: str, format: str) -> Reason:
    """A number whose points stand between thousands or before decimals, which the file does not tell."""
    thousands = value.replace(".", "")
    written = f", in a column written as {format}," if format else ""
    return Reason(
        code="bad_value",
        message=f"{place.words} {quoted(column)}: {quoted(value)}{written} may mean {thousands}, "
        f"or {value} with a decimal point.",
        line=place.line,
        column=safe(column, 120),
        hint=f'Pin it in the contract: type = "number" and format = "{COMMA}" (or "{POINT}") for the column, '
        'decimal = "," (or ".") under [parser].',
    )


def declared(value: str) -> tuple[Remedy, ...]:
    """How to declare that a word means no value; none for what is no word."""
    word = value.strip(" ")
    if not may_mean_missing(word):
        return ()
    return (retried_with("If it means a missing value", "missing", word, keep=True),)


def missing_value(place: Place, column: str, why: str) -> Reason:
    return Reason(
        code="missing_value",
        message=f"{place.words} {quoted(column)} is empty, but {why}.",
        line=place.line,
        column=safe(column, 120),
        hint=REDELIVER,
    )


def broken_rule(place: Place, column: str, value: object, rule: str) -> Reason:
    return Reason(
        code="rule",
        message=f"{place.words} {quoted(column)}: {quoted(value)} breaks the rule {rule}.",
        line=place.line,
        column=safe(column, 120),
        hint=f"{REDELIVER} Or change the rule in the contract, then retry the file.",
    )


def broken_condition(place: Place, condition: str) -> Reason:
    return Reason(
        code="condition",
        message=f"{place.where} breaks the condition {quoted(condition, 120)}.",
        line=place.line,
        hint=f"{REDELIVER} Or change the condition in the contract, then retry the file.",
    )
