"""Rows of two versions against plain Python."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lake.parts import part

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.dataset import RowDiff
from shopfloor.domain.errors import IntegrityError, RefusedError, UsageError
from shopfloor.domain.handles import PartFile
from shopfloor.duck.sql import connect
from shopfloor.lake.records import Side
from shopfloor.lake.rowdiff import RowComparison

COLUMNS = [
    Column(name="id", type=ColumnType.INTEGER),
    Column(name="plan", type=ColumnType.TEXT),
    Column(name="amount", type=ColumnType.NUMBER),
]
Row = tuple[int | None, str | None, float | None]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(memory_mb=300, temp=tmp_path_factory.mktemp("duck"))
    yield opened
    opened.close()


def side(folder: Path, *parts: list[Row]) -> Side:
    return Side(parts=tuple(part(folder, COLUMNS, rows) for rows in parts), columns=tuple(COLUMNS))


rows = st.tuples(
    st.one_of(st.none(), st.integers(0, 4)),
    st.sampled_from(["a", "b", None]),
    st.sampled_from([1.0, float("nan"), None]),
)
versions = st.lists(st.lists(rows, min_size=1, max_size=5), max_size=4)


def whole(parts: list[list[Row]]) -> Counter[tuple[Any, ...]]:
    """All rows; NaN is a value like any other."""
    return Counter(tuple("nan" if value != value else value for value in row) for rows in parts for row in rows)


@settings(max_examples=60, deadline=None)
@given(versions, versions, versions)
def test_whole_rows_are_a_multiset_difference(
    connection: Any, shared: list[list[Row]], left: list[list[Row]], right: list[list[Row]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        old, new = side(Path(folder), *shared, *left), side(Path(folder), *shared, *right)
        found = RowComparison(connection, old, new, ()).result(100)
    before, after = whole(shared + left), whole(shared + right)
    assert (found.added, found.removed) == (sum((after - before).values()), sum((before - after).values()))
    assert found.unchanged == sum((before & after).values())
    assert sum(each.copies for each in found.examples) == found.added + found.removed
    assert not found.truncated
    assert found.changed == 0


@settings(max_examples=60, deadline=None)
@given(versions, versions, versions)
def test_rows_are_paired_by_their_key(
    connection: Any, shared: list[list[Row]], left: list[list[Row]], right: list[list[Row]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        old, new = side(Path(folder), *shared, *left), side(Path(folder), *shared, *right)
        found = RowComparison(connection, old, new, ("id",)).result(100)
    before, after = whole(shared + left), whole(shared + right)
    gone, come = by_key(before - after), by_key(after - before)
    changed = {key: min(gone[key], come[key]) for key in gone}
    assert found.changed == sum(changed.values())
    assert found.removed == sum(gone.values()) - found.changed
    assert found.added == sum(come.values()) - found.changed
    assert found.unchanged + found.added + found.changed == sum(after.values())
    assert Counter(each.change for each in found.examples) == Counter(
        {kind: n for kind, n in (("added", found.added), ("removed", found.removed), ("changed", found.changed)) if n}
    )


def by_key(rows: Counter[tuple[Any, ...]]) -> Counter[Any]:
    counts: dict[Any, int] = defaultdict(int)
    for row, copies in rows.items():
        counts[row[0]] += copies
    return Counter(counts)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 9), st.tuples(rows, rows), max_size=8))
def test_unique_keys_give_old_and_new_values(connection: Any, table: dict[int, tuple[Row, Row]]) -> None:
    before = [(key, *old[1:]) for key, (old, _) in table.items()]
    after = [(key, *new[1:]) for key, (_, new) in table.items()]
    with tempfile.TemporaryDirectory() as folder:
        compared = RowComparison(connection, side(Path(folder), before), side(Path(folder), after), ("id",))
        found, changed = compared.result(100), compared.changed_rows()
    expected = {}
    for old, new in zip(before, after, strict=True):
        moved = {
            name: (text(a), text(b))
            for name, a, b in zip(("plan", "amount"), old[1:], new[1:], strict=True)
            if text(a) != text(b)
        }
        if moved:
            expected[str(old[0])] = moved
    assert {
        each.key["id"]: {name: (each.old[name], each.new[name]) for name in each.old} for each in found.examples
    } == expected
    assert changed == {
        "id": 0,
        **{name: sum(name in moved for moved in expected.values()) for name in ("plan", "amount")},
    }


def text(value: object) -> str | None:
    return None if value is None else str(value)


def test_a_key_in_another_case_is_the_column(connection: Any, tmp_path: Path) -> None:
    old, new = side(tmp_path, [(1, "a", 1.0)]), side(tmp_path, [(1, "b", 1.0)])
    found = RowComparison(connection, old, new, ("ID", "id")).result(1)
    assert (found.key, found.changed) == (("id",), 1)


def test_limit_and_copies(connection: Any, tmp_path: Path) -> None:
    old, new = side(tmp_path, [(1, "a", 1.0)]), side(tmp_path, [(2, "b", 1.0)] * 3 + [(3, "b", 1.0)])
    found = RowComparison(connection, old, new, ()).result(1)
    assert (found.added, found.removed, found.truncated, found.parts_read) == (4, 1, True, 2)
    assert [(each.change, each.new.get("id"), each.copies) for each in found.examples] == [
        ("removed", None, 1),
        ("added", "2", 3),
    ]
    none = RowComparison(connection, old, new, ("id",)).result(0)
    assert (none.examples, none.truncated) == ((), True)


def test_shared_parts_are_not_read(connection: Any, tmp_path: Path) -> None:
    old = side(tmp_path, [(1, "a", 1.0)])
    new = Side(parts=(*old.parts, *side(tmp_path, [(2, "b", None)]).parts), columns=old.columns)
    Path(old.parts[0].path).unlink()
    found = RowComparison(connection, old, new, ("id",)).result(5)
    assert (found.added, found.removed, found.changed, found.unchanged, found.parts_read) == (1, 0, 0, 1, 1)
    assert RowComparison(connection, new, new, ()).result(5) == RowDiff(added=0, removed=0, unchanged=2)


def test_columns_that_came_or_changed_their_type(connection: Any, tmp_path: Path) -> None:
    """Only what both versions have is compared; whole numbers are equal whatever their type."""
    old = side(tmp_path, [(1, "a", 1.0), (2, "b", 2.5)])
    wider = [
        Column(name="id", type=ColumnType.NUMBER),
        Column(name="amount", type=ColumnType.TEXT),
        Column(name="late", type=ColumnType.BOOLEAN),
    ]
    new = Side(parts=(part(tmp_path, wider, [(1.0, "1.0", True), (2.0, "x", None)]),), columns=tuple(wider))
    compared = RowComparison(connection, old, new, ("id",))
    found = compared.result(5)
    assert compared.names == ["id", "amount"]
    assert (found.added, found.removed, found.changed, found.unchanged) == (0, 0, 1, 1)
    assert (found.examples[0].old, found.examples[0].new) == ({"amount": "2.5"}, {"amount": "x"})


def test_older_parts_lack_a_column(connection: Any, tmp_path: Path) -> None:
    columns = (*COLUMNS, Column(name="late", type=ColumnType.INTEGER))
    narrow, wide = part(tmp_path, COLUMNS, [(1, "a", 1.0)]), part(tmp_path, list(columns), [(1, "a", 1.0, None)])
    old, new = Side(parts=(narrow,), columns=columns), Side(parts=(wide,), columns=columns)
    assert RowComparison(connection, old, new, ("id",)).result(5).unchanged == 1


def test_what_cannot_be_compared(connection: Any, tmp_path: Path) -> None:
    old = side(tmp_path, [(1, "a", 1.0)])
    with pytest.raises(UsageError) as caught:
        RowComparison(connection, old, old, ("amuont",))
    assert "'amount'" in caught.value.hint
    other = Side(parts=(), columns=(Column(name="x", type=ColumnType.TEXT),))
    with pytest.raises(RefusedError, match="no column in common"):
        RowComparison(connection, old, other, ())
    damaged: PartFile = old.parts[0]
    Path(damaged.path).write_bytes(b"PAR1")
    with pytest.raises(IntegrityError):
        RowComparison(connection, old, side(tmp_path, [(2, "b", 1.0)]), ())
