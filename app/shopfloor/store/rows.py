"""Rows of the store as records: UTC times, decoded JSON columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import msgspec

from shopfloor.domain.page import Page

T = TypeVar("T")


class Query(Protocol):
    """What readers and transactions have in common."""

    def one(self, sql: str, parameters: list[Any] = ...) -> tuple[Any, ...] | None: ...

    def all(self, sql: str, parameters: list[Any] = ...) -> list[tuple[Any, ...]]: ...

    def row(self, table: str, *key: Any) -> dict[str, Any] | None: ...


def aware(value: datetime | None) -> datetime | None:
    """A stored time with its zone."""
    return None if value is None else value.replace(tzinfo=UTC)


def stored_time(value: datetime) -> datetime:
    """`aware` for a column that is never null."""
    return value.replace(tzinfo=UTC)


def decode(text: str | None, kind: type[T]) -> T | None:
    """A JSON column as a record."""
    return None if text is None else msgspec.json.decode(text, type=kind)


class Filter:
    """Conditions of a WHERE clause, with their parameters in step."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.parameters: list[Any] = []

    def equal(self, column: str, value: Any) -> Filter:
        """Keep rows where `column` is `value`; an empty value keeps all."""
        if value not in (None, ""):
            self._conditions.append(f"{column} = ?")
            self.parameters.append(value)
        return self

    def contains(self, columns: str, text: str) -> Filter:
        """Keep rows whose `columns` expression holds `text` (`!text`: does not), whatever the case."""
        if text:
            word = text.removeprefix("!")
            self._conditions.append(f"{'NOT ' if text.startswith('!') else ''}contains(lower({columns}), lower(?))")
            self.parameters.append(word)
        return self

    def holds(self, condition: str, parameters: list[Any]) -> Filter:
        """Keep rows for which a condition of trusted SQL holds."""
        self._conditions.append(condition)
        self.parameters += parameters
        return self

    def where(self) -> str:
        """The clause, empty without conditions."""
        return f"WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


def window(
    query: Query,
    table: str,
    columns: str,
    where: Filter,
    order: str,
    limit: int,
    offset: int,
    *,
    key: str = "id",
    sorted_by: Sequence[Any] = (),
) -> list[tuple[Any, ...]]:
    """Some rows of a sorted table, by trusted names; `sorted_by` are the parameters of `order`.

    Keys alone are sorted: else DuckDB reads all of every row.
    """
    keys = query.all(
        f"SELECT {key} FROM {table} {where.where()} ORDER BY {order} LIMIT ? OFFSET ?",
        [*where.parameters, *sorted_by, limit, offset],
    )
    rows = query.all(
        f"SELECT {key}, {columns} FROM {table} WHERE {key} IN (SELECT unnest(?))", [[key for (key,) in keys]]
    )
    found = {key: row for key, *row in rows}
    return [tuple(found[key]) for (key,) in keys if key in found]


def page(rows: list[T], total: int, offset: int) -> Page[T]:
    """A window of a list."""
    return Page(rows=tuple(rows), total=total, offset=offset)


def scalar(query: Query, sql: str, parameters: list[Any] | None = None) -> int:
    """The one whole number that an aggregate gives, which is never NULL."""
    ((found,),) = query.all(sql, parameters or [])
    return int(found)


def count(query: Query, table: str, where: Filter) -> int:
    """How many rows of `table` a filter keeps."""
    return scalar(query, f"SELECT count(*) FROM {table} {where.where()}", where.parameters)
