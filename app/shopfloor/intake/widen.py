"""Types that a person lets a file change: each column becomes the narrowest type that holds both.

Nothing is rounded: whole numbers beyond 2^53 beside fractions become text, and so does whatever has
no other type in common. Stored values keep their types in their parts and are read as the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.errors import ConfigError
from shopfloor.formats.cast_rule import CastRule
from shopfloor.formats.cast_rules import cast_rule, whole_beyond
from shopfloor.formats.infer import join
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.contracts import time_blocked, type_blocked, types_blocked
from shopfloor.formats.shape import Shape, forget_rejects, rows_of
from shopfloor.intake.contract.checks import check_rules_work
from shopfloor.lake.retype import cast_failures

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Infer = Callable[[Sequence[int]], Sequence[Column]]


class Widening:
    """What files of one shape ask of a contract's types.

    `stored` are the parts with earlier rows, `times` models by the column that orders their rows.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        shape: Shape,
        paths: Sequence[str],
        stored: Sequence[str],
        times: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._shape = shape
        self._paths = paths
        self._stored = stored
        self._times = times

    def apply(self, contract: Contract, ruled: Contract, infer: Infer) -> Contract:
        """`contract` with the types that the files and all earlier rows fit.

        `ruled` is the contract with its rules, `infer` gives the files' own types at some positions.
        Raises `BadFile` where the contract says something of a column that its new type does not allow.
        """
        present = [(column, self._shape.position(column.name)) for column in contract.columns]
        checked = [(column, place) for column, place in present if place is not None]
        wrong = self._bad(checked)
        if not wrong:
            return contract
        found = dict(zip((column.name for column, _ in wrong), infer([place for _, place in wrong]), strict=True))
        wider = {column.name: self._wider(column, found[column.name], place) for column, place in wrong}
        columns = tuple(wider.get(column.name, column) for column in contract.columns)
        for column, _ in wrong:
            _check(ruled, column, wider[column.name], self._times)
        self._check_rules(ruled, columns)
        return msgspec.structs.replace(contract, columns=columns)

    def _check_rules(self, ruled: Contract, columns: Sequence[Column]) -> None:
        try:
            check_rules_work(self._connection, msgspec.structs.replace(ruled, columns=tuple(columns)))
        except ConfigError as error:
            raise BadFile(types_blocked(ruled.name, error.message)) from error

    def _wider(self, column: Column, found: Column, place: int) -> Column:
        kind = join(column.type, found.type)
        candidate = msgspec.structs.replace(column, type=kind or ColumnType.TEXT, format=found.format)
        if kind is None or kind is ColumnType.TEXT or not self._holds(candidate, place):
            return msgspec.structs.replace(column, type=ColumnType.TEXT, format="")
        return candidate

    def _holds(self, column: Column, place: int) -> bool:
        """True when the files' and the stored values are exactly what they are as the column's type."""
        if self._bad([(column, place)]) or cast_failures(self._connection, self._stored, column):
            return False
        return column.type is not ColumnType.NUMBER or not self._counts(
            [whole_beyond(self._shape.raw[place]).format(v=f"c{place}")]
        )

    def _bad(self, checked: Sequence[tuple[Column, int]]) -> list[tuple[Column, int]]:
        """Those columns that cannot be read at all, or with a value that cannot be read."""
        cast_rules = [self._cast_rule(column, place) for column, place in checked]
        tested = [
            (how, each)
            for how, each in zip(cast_rules, checked, strict=True)
            if how is not None and how.good != CastRule.good
        ]
        tests = [how.bad_inline(place) for how, (_, place) in tested]
        bad = self._counts(tests)
        unfit = {each[0].name for position, (_, each) in enumerate(tested) if position in bad}
        unread = {each[0].name for how, each in zip(cast_rules, checked, strict=True) if how is None}
        return [each for each in checked if each[0].name in unfit | unread]

    def _cast_rule(self, column: Column, place: int) -> CastRule | None:
        any_text = column.type is ColumnType.TEXT  # which it is already: nothing to widen
        raw = self._shape.raw[place]
        shape = self._shape
        format = shape.governed(column).format
        return cast_rule(
            raw, column.type, decimal=shape.decimal, format=format, any_text=any_text, missing=shape.missing
        )

    def _counts(self, tests: Sequence[str]) -> set[int]:
        """Which of `tests`, over the raw values c0, c1, …, holds for any row that fits the header."""
        if not tests:
            return set()
        items = ", ".join(f"count_if({test})" for test in tests)
        try:
            query = f"SELECT {items} FROM {rows_of(self._shape, self._paths, rejects=True)}"
            counts = self._connection.execute(query).fetchall()[0]
        finally:
            forget_rejects(self._connection)
        return {position for position, count in enumerate(counts) if count}


def _check(ruled: Contract, before: Column, after: Column, times: Mapping[str, str]) -> None:
    """Raise `BadFile` where the new type contradicts what the contract, or a model, says of the column."""
    if after.name in times and after.type is ColumnType.TEXT:
        raise BadFile(time_blocked(before, times[after.name]))
    unordered = after.type is ColumnType.TEXT or (before.type.temporal and not after.type.temporal)
    if ruled.time == after.name and unordered:
        raise BadFile(type_blocked(before, after, ruled.name, "orders the dataset's rows (`time`)"))
    rule = next((rule for rule in ruled.rules if rule.column == after.name), None)
    bounded = rule is not None and (rule.min is not None or rule.max is not None)
    if bounded and not (after.type.numeric or after.type.temporal):
        raise BadFile(type_blocked(before, after, ruled.name, "has a rule `min` or `max`"))
