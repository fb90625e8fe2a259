"""Corrections are counted: a delivery may leave the number of rows as it is and change what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.contract import Contract, Mode

UPSERT = Contract(name="d", mode=Mode.UPSERT, key=("k",))
SNAPSHOT = Contract(name="d", mode=Mode.SNAPSHOT)


def stored(bench: Any, text: str, contract: Contract) -> tuple[Any, tuple[Any, ...]]:
    first = bench.ingest({"1.csv": text}, contract)
    bench.parts(first)
    return first.contract, tuple(staged.part for staged in first.parts)


def csv(rows: dict[int, tuple[int, str]]) -> str:
    return "k,v,w\n" + "".join(f"{key},{number},{word}\n" for key, (number, word) in rows.items())


values = st.tuples(st.integers(0, 2), st.sampled_from(["x", "y", ""]))
tables = st.dictionaries(st.integers(0, 12), values, min_size=1)


@settings(max_examples=30, deadline=None)
@given(before=tables, after=tables)
def test_an_upsert_changes_the_rows_whose_key_comes_with_other_values(
    make_bench: Callable[[], Any], before: dict[int, tuple[int, str]], after: dict[int, tuple[int, str]]
) -> None:
    bench = make_bench()
    contract, previous = stored(bench, csv(before), UPSERT)
    result = bench.ingest({"2.csv": csv(after)}, contract, previous=previous)
    assert result.files[0].changed_rows == sum(key in before and before[key] != row for key, row in after.items())


@settings(max_examples=30, deadline=None)
@given(before=tables, after=tables)
def test_a_snapshot_and_a_corrected_file_change_rows_in_whose_place_others_come(
    make_bench: Callable[[], Any], before: dict[int, tuple[int, str]], after: dict[int, tuple[int, str]]
) -> None:
    left, right = Counter(before.items()), Counter(after.items())
    expected = min(len(before), len(after)) - (left & right).total()
    for contract, more in ((SNAPSHOT, {}), (Contract(name="d"), {"supersedes": ("1.csv",), "corrects": "1.csv"})):
        bench = make_bench()
        known, previous = stored(bench, csv(before), contract)
        fixed = bench.stage("1.csv", csv(after), id="2", **more)
        result = bench.ingest([fixed], known, previous=previous)
        assert result.replaces_parts
        assert result.files[0].changed_rows == expected, contract


def test_each_file_of_a_delivery_has_its_own_changes_and_a_later_one_wins(bench: Any) -> None:
    contract, previous = stored(bench, "k,v\n1,a\n2,a\n3,a\n", UPSERT)
    files = {"2.csv": "k,v\n1,b\n2,b\n", "3.csv": "k,v,new\n2,c,\n3,a,\n", "4.csv": "k,v,new\n3,a,7\n9,z,1\n"}
    result = bench.ingest(files, contract, previous=previous)
    assert [outcome.changed_rows for outcome in result.files] == [1, 1, 1]


def test_a_damaged_part_that_is_replaced_is_changed_wholly(bench: Any) -> None:
    contract, previous = stored(bench, "k,v\n1,a\n2,a\n", SNAPSHOT)
    (part,) = Path(bench.objects).rglob("*.parquet")
    part.chmod(0o600)
    part.write_bytes(b"x")
    result = bench.ingest({"2.csv": "k,v\n1,a\n2,a\n3,a\n"}, contract, previous=previous)
    assert result.files[0].changed_rows == 2


def test_rows_that_only_come_change_none(bench: Any) -> None:
    contract, previous = stored(bench, "k,v\n1,a\n", Contract(name="d"))
    result = bench.ingest({"2.csv": "k,v\n1,b\n"}, contract, previous=previous)
    assert result.files[0].changed_rows == 0
