"""Which new columns of a file are probably missing columns of the contract under another name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shopfloor.domain.column_names import fold
from shopfloor.domain.columns import Column
from shopfloor.duck.sql import name, texts
from shopfloor.formats.infer import join
from shopfloor.formats.shape import Shape, forget_rejects, rows_of
from shopfloor.lake.retype import by_stored_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LIKELY = 0.5
"""So much of the names and values must agree, of 1, that a pair is named."""
_ROWS = 20_000
_MOST = 40  # columns on either side; more are another table, and not this one with new names
_ORDERED = "quantile_disc(v, [0.05, 0.25, 0.5, 0.75, 0.95])"


def likely(
    connection: DuckDBPyConnection,
    shape: Shape,
    paths: Sequence[str],
    new: Sequence[Column],
    places: Sequence[int],
    missing: Sequence[Column],
    stored: Sequence[str],
) -> list[tuple[str, str]]:
    """Pairs (new, missing), each column in at most one, the most similar first.

    `new` are the file's columns at `places`, with the types that their values have; `stored` are the parts
    with earlier rows.
    """
    if len(new) > _MOST or len(missing) > _MOST:
        return []
    rows = rows_of(shape, paths, rejects=True)
    scored: list[tuple[float, str, str]] = []
    try:
        for column, place in zip(new, places, strict=True):
            for old in missing:
                if join(column.type, old.type) is None:
                    continue
                values = _values_alike(connection, old, f"SELECT c{place} AS v FROM {rows}", stored)
                score = _names_alike(column.name, old.name) if values is None else values
                both = (score + _names_alike(column.name, old.name)) / 2
                scored.append((both, column.name, old.name))
    finally:
        forget_rejects(connection)
    return _best(scored)


def _best(scored: list[tuple[float, str, str]]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for score, new, old in sorted(scored, key=lambda one: -one[0]):
        if score >= _LIKELY and new not in found and old not in found.values():
            found[new] = old
    return list(found.items())


def _names_alike(left: str, right: str) -> float:
    """From 0 to 1; marks between words do not count."""
    one, other = (re.sub(r"[\W_]+", "", fold(name)) for name in (left, right))
    if min(len(one), len(other)) >= 2 and (one in other or other in one):
        return 1.0
    return difflib.SequenceMatcher(None, one, other).ratio()


def _values_alike(connection: DuckDBPyConnection, old: Column, fresh: str, stored: Sequence[str]) -> float | None:
    """The similarity of the values, from 0 to 1; None where it cannot be computed."""
    held = [path for paths in by_stored_type(connection, stored, old.name).values() for path in paths]
    if not held:
        return None
    known = f"SELECT {name(old.name)}::VARCHAR AS v FROM read_parquet({texts(held[-3:])})"
    if old.type.numeric or old.type.temporal:
        kind = "DOUBLE" if old.type.numeric else "TIMESTAMP"
        spans = [_spread(connection, query, kind) for query in (fresh, known)]
        return _overlap(*spans)
    shared = connection.execute(
        f"WITH a AS (SELECT DISTINCT v::VARCHAR AS v FROM (SELECT * FROM ({fresh}) LIMIT {_ROWS}) "
        "WHERE v IS NOT NULL), "
        f"b AS (SELECT DISTINCT v FROM (SELECT * FROM ({known}) LIMIT {_ROWS}) WHERE v IS NOT NULL) "
        "SELECT (SELECT count(*) FROM a SEMI JOIN b USING (v)), (SELECT count(*) FROM a), (SELECT count(*) FROM b)"
    ).fetchall()[0]
    common, mine, theirs = (int(count) for count in shared)
    return common / min(mine, theirs) if mine and theirs else None


def _spread(connection: DuckDBPyConnection, query: str, kind: str) -> list[float]:
    """Quantiles of a column's values as numbers; empty without values."""
    value = (
        "TRY_CAST(trim(v::VARCHAR) AS DOUBLE)" if kind == "DOUBLE" else "epoch(TRY_CAST(trim(v::VARCHAR) AS TIMESTAMP))"
    )
    found = connection.execute(
        f"SELECT {_ORDERED} FROM (SELECT {value} AS v FROM (SELECT * FROM ({query}) LIMIT {_ROWS}))"
    ).fetchall()[0][0]
    return [float(one) for one in found or ()]


def _overlap(left: list[float], right: list[float]) -> float | None:
    """The shared part of both ranges from the 5 % to the 95 % quantile, of the whole."""
    if not left or not right:
        return None
    whole = max(left[-1], right[-1]) - min(left[0], right[0])
    shared = min(left[-1], right[-1]) - max(left[0], right[0])
    return 1.0 if whole == 0 else max(0.0, shared / whole)
