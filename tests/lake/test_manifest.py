"""Versions: identity by content, combination, difference."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion, FileSpan, Part
from shopfloor.lake.diff import diff
from shopfloor.lake.manifest import digest, files_of, touched_by

COLUMNS = (Column(name="a", type=ColumnType.INTEGER), Column(name="b", type=ColumnType.TEXT))


def part(sha: str, **rows: int) -> Part:
    spans, first = [], 0
    for file, count in rows.items():
        spans.append(FileSpan(file=file, first=first, rows=count))
        first += count
    return Part(sha256=sha, rows=first, files=tuple(spans))


def version(number: int, *parts: Part, columns: tuple[Column, ...] = COLUMNS) -> DatasetVersion:
    return DatasetVersion(
        dataset="d",
        version=number,
        digest="",
        rows=sum(part.rows for part in parts),
        columns=columns,
        parts=parts,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_digest_is_stable() -> None:
    """Stored digests must stay comparable: change the prefix when the form changes."""
    assert digest([part("x", f1=3)], COLUMNS, Mode.APPEND) == (
        "ab5584456d23060b9201a25f1bedcfa2620332a7ea3db0f965ff106d6163d86e"
    )


parts_lists = st.lists(st.tuples(st.sampled_from("xyz"), st.integers(1, 3)), max_size=4)


@given(parts_lists, parts_lists)
def test_digest_depends_on_content_and_order_and_nothing_else(
    left: list[tuple[str, int]], right: list[tuple[str, int]]
) -> None:
    one = digest([part(sha, f1=rows) for sha, rows in left], COLUMNS, "append")
    two = digest([part(sha, f2=rows) for sha, rows in right], COLUMNS, "append")
    assert (one == two) == (left == right)


def test_digest_depends_on_columns_and_mode() -> None:
    parts = [part("x", f1=3)]
    base = digest(parts, COLUMNS, "append")
    assert digest(parts, COLUMNS[::-1], "append") != base
    assert digest(parts, COLUMNS, "snapshot") != base


def test_parts_know_their_files() -> None:
    old, new = (part("x", f1=1),), (part("y", f2=2),)
    assert files_of((*old, *new)) == ("f1", "f2")
    assert touched_by((*old, *new), {"f2"}) == new


def test_diff_of_appended_rows_and_changed_columns() -> None:
    grown = (
        Column(name="a", type=ColumnType.NUMBER),
        Column(name="c", type=ColumnType.TEXT),
    )
    left = version(1, part("x", f1=2))
    right = version(2, part("x", f1=2), part("y", f2=3), columns=grown)
    found = diff(left, right)
    assert (found.rows_left, found.rows_right) == (2, 5)
    assert (found.added_rows, found.removed_rows) == (3, 0)
    assert found.added_columns == ("c",)
    assert found.removed_columns == ("b",)
    assert found.retyped_columns == ("a",)
    assert found.files_added == ("f2",)


def test_rewritten_part_counts_only_the_rows_that_changed() -> None:
    left = version(1, part("x", f1=10, f2=5), part("same", f3=7))
    right = version(2, part("x2", f1=8, f2=5), part("same", f3=7), part("new", f4=2))
    found = diff(left, right)
    assert (found.added_rows, found.removed_rows) == (2, 2)
    assert (diff(right, left).added_rows, diff(right, left).removed_rows) == (2, 2)


def test_part_that_is_listed_twice_counts_twice() -> None:
    left, right = version(1, part("x", f1=2)), version(2, part("x", f1=2), part("x", f2=2))
    assert diff(left, right).added_rows == 2


def test_diff_over_several_versions_names_every_file_between() -> None:
    """A version's own `files` are what it took in itself; a rollback took in none."""
    first, second, third = part("x", f1=2), part("y", f2=3), part("z", f3=4)
    left = msgspec.structs.replace(version(1, first), files=("f1",))
    right = msgspec.structs.replace(version(3, first, second, third), files=("f3",))
    assert diff(left, right).files_added == ("f2", "f3")
    assert diff(left, msgspec.structs.replace(version(4, first), files=())).files_added == ()
    assert diff(msgspec.structs.replace(version(4, first), files=()), right).files_added == ("f2", "f3")
