"""Names that differ only in case are one column, whatever DuckDB folds."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.column_names import ColumnNames, case_notice, collision, fold

_LETTERS = st.characters(codec="utf-8", exclude_characters='"\x00')


def _one_name_to_duckdb(left: str, right: str) -> bool:
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        try:
            connection.execute(f'SELECT "{right}" FROM (SELECT 1 AS "{left}")')
        except duckdb.BinderException:
            return False
    return True


@settings(deadline=None)
@given(st.text(_LETTERS, min_size=1, max_size=3), st.sampled_from([str.lower, str.upper, str.swapcase, str.title]))
def test_whatever_duckdb_folds_is_folded_here(name: str, other: object) -> None:
    assert callable(other)
    if _one_name_to_duckdb(name, other(name)):
        assert fold(name) == fold(other(name))


def test_every_letter_that_duckdb_folds_is_folded_here() -> None:
    folded = []
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        for point in [*range(0x21, 0x250), 0x1E9E, 0x212A, 0x212B, 0x2126]:
            letter = chr(point)
            for other in {letter.lower(), letter.upper()} - {letter, ""}:
                quoted = [name.replace('"', '""') for name in (letter, other)]
                try:
                    connection.execute(f'SELECT "{quoted[1]}" FROM (SELECT 1 AS "{quoted[0]}")')
                except duckdb.BinderException:
                    continue
                folded.append((letter, other))
    assert len(folded) >= 52
    assert all(fold(left) == fold(right) for left, right in folded)


def test_a_column_is_found_in_any_case_and_keeps_its_spelling() -> None:
    names = ColumnNames(["CustomerId", "Größe"])
    assert names.find("CUSTOMERID") == "CustomerId"
    assert names.find("GRÖSSE") == "Größe"
    assert names.find("customer_id") is None
    assert names.spelled("new") == "new"
    assert "customerid" in names


def test_collisions_are_of_different_names() -> None:
    assert collision(["a", "b", "a"]) == ()
    assert collision(["a", "b", "A"]) == ("a", "A")


def test_the_notice_names_a_bounded_number_of_pairs() -> None:
    assert case_notice([("note", "Note")]) == "Column names were matched without regard to case: 'note' as 'Note'."
    assert case_notice([(f"c{n}", f"C{n}") for n in range(7)]).endswith("and 2 more.")
