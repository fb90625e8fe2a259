"""Rows handed over as JSON are the rows handed over as parameters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.codec import to_text
from shopfloor.store import bulk

_TABLE = (
    "CREATE OR REPLACE TABLE t (id VARCHAR PRIMARY KEY, n BIGINT, i INTEGER, x DOUBLE, b BLOB, j JSON, "
    "seen_at TIMESTAMP, yes BOOLEAN, v VARIANT)"
)
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": _texts,
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "i": st.none() | st.integers(-(2**31), 2**31 - 1),
            "x": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "b": st.none() | st.binary(max_size=20),
            "j": st.none() | st.dictionaries(_texts, _texts, max_size=3).map(to_text),
            "seen_at": st.none()
            | st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2200-01-01")),
            "yes": st.none() | st.booleans(),
            "v": st.none() | st.dictionaries(_texts, st.integers(0, 9) | _texts, max_size=3).map(to_text),
        }
    ),
    min_size=bulk.FEW + 1,
    max_size=bulk.FEW + 8,
    unique_by=lambda row: row["id"],
)


@settings(max_examples=25, deadline=None)
@given(rows=_rows)
def test_many_rows_are_stored_as_few_are(rows: list[dict[str, Any]]) -> None:
    connection = duckdb.connect()
    stored = []
    for size in (bulk.FEW, len(rows)):
        connection.execute(_TABLE)
        for start in range(0, len(rows), size):
            bulk.write(connection, "t", rows[start : start + size], replace=True)
        stored.append(connection.execute("SELECT * FROM t ORDER BY id").fetchall())
    assert stored[0] == stored[1]
    assert len(stored[1]) == len(rows)


@pytest.mark.parametrize("count", [2, bulk.FEW + 2])
def test_replacing_puts_and_inserting_refuses(count: int) -> None:
    connection = duckdb.connect()
    connection.execute(_TABLE)
    rows = [{"id": f"r{n}", "n": n} for n in range(count)]
    bulk.write(connection, "t", rows, replace=False)
    bulk.write(connection, "t", [{**row, "n": 7} for row in rows], replace=True)
    assert connection.execute("SELECT count(*), min(n), max(n) FROM t").fetchall() == [(count, 7, 7)]
    with pytest.raises(duckdb.ConstraintException):
        bulk.write(connection, "t", rows, replace=False)
