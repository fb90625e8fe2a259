"""A totals row at the end is left out and told; a usual last row never is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.books import book
from tests.soak import times

from shopfloor.domain.file import FileState

HEAD = "shop,day,units,amount\n"
ROWS = "A,2026-01-01,3,10.50\nB,2026-01-02,4,20.25\nC,2026-01-03,0,1.00\nD,2026-01-04,5,7.00\n"
TOTALS = {
    "a word": "Total,,12,38.75\n",
    "a word in another cell": ",Summe:,12,38.75\n",
    "a word behind an empty cell": ",total,12,38.75\n",
    "an average beside it": "Grand Total,,12,9.69\n",
    "no word": ",,12,38.75\n",
    "rounded": "Total,,12,38.8\n",
    "no line end, and empty lines": "Total,,12,38.75\n\n\n",
    "signs": 'Total,,12,"$38.75"\n',
    "a sign behind": "Total,,12,38.75 EUR\n",
    "marks between thousands": 'Total,,12,"0,038.75"\n',
    "a word behind the sums": ",,12,Total\n",
    "capitals": "GRAND TOTAL:,,12,38.75\n",
    "a unit": "Total (EUR),,12,38.75\n",
    "how many": "Total (4 rows),,12,38.75\n",
    "a word of ours among others": "Total sales 2026,,12,38.75\n",
    **{word: f"{word},,12,38.75\n" for word in ("Gesamt", "Summe", "Somme", "Totale", "Suma", "Итого", "合計", "Σ")},
}
BELOW = {  # what stands below `Total,,12,38.75`, and how many rows that are
    "a grand total": ("Grand total,,12,38.75\n", 1),
    "an average": ("Average,,3,9.69\n", 1),
    "an average and how many": ("Mean:,,3,9.69\nCount,,4,4\n", 2),
    "a footnote": ("Source: the till\n", 1),
    "a footnote in a cell": ("*) provisional,,,\n", 1),
    "a footnote with commas": ('"All figures, in EUR, without tax",,,\n', 1),
    "a grand total and a footnote": ("Overall,,12,38.75\n\nprinted 2026-02-01\n", 2),
}
OTHERS = {  # what stands at the end of a file with a total among its rows
    "a row": "E,2026-01-05,1,1.00\n",
    "a row without numbers": "E,2026-01-05,,\n",
    "a total that is none, and a footnote": "Total,,13,39.00\nSource: the till,,,\n",
    "a footnote below rows": "*) provisional,,,\n",
}
USUAL = {
    "no sum": "Total,2026-01-05,7,8.00\n",
    "no word and no sum": ",,12,38.00\n",
    "another day": "E,2026-01-05,12,38.75\n",
    "no word, and a day": ",2026-01-05,12,38.75\n",
    "a word in another cell, and a key": "E,Total,12,38.75\n",
    "a longer text with the word": "all of it that was sold in total,,12,38.75\n",
    "a word within another": "Totally,,12,38.75\n",
}


@pytest.mark.parametrize("case", TOTALS)
def test_a_totals_row_is_left_out_and_told(bench: Any, case: str) -> None:
    plain = bench.ingest({"plain.csv": HEAD + ROWS})
    for contract in (None, plain.contract):
        result = bench.ingest({"a.csv": HEAD + ROWS + TOTALS[case]}, contract)
        (outcome,) = result.files
        assert (outcome.state, outcome.rows, outcome.rejected_rows, outcome.records) == (FileState.COMMITTED, 4, 1, 5)
        assert [(one.code, one.line) for one in outcome.rejects] == [("totals_row", 6)]
        assert any("Line 6 is a totals row" in notice for notice in outcome.notices)
        assert result.columns == plain.columns


@pytest.mark.parametrize("case", BELOW)
def test_what_stands_below_a_totals_row_is_left_out_with_it(bench: Any, case: str) -> None:
    below, more = BELOW[case]
    plain = bench.ingest({"plain.csv": HEAD + ROWS})
    for contract in (None, plain.contract):
        result = bench.ingest({"a.csv": HEAD + ROWS + "Total,,12,38.75\n" + below}, contract)
        (outcome,) = result.files
        assert (outcome.state, outcome.rows, outcome.records) == (FileState.COMMITTED, 4, 5 + more), outcome
        assert [one.code for one in outcome.rejects] == ["totals_row", *["below_totals"] * more]
        assert outcome.rejects[0].line == 6
        assert len([notice for notice in outcome.notices if "so it was left out" in notice]) == 1 + more
        assert result.columns == plain.columns


@pytest.mark.parametrize("case", OTHERS)
def test_rows_at_the_end_stay_where_no_total_stands_right_above(bench: Any, case: str) -> None:
    table = HEAD + ROWS + ("" if "footnote" in case else "Total,,12,38.75\n") + OTHERS[case]
    (outcome,) = bench.ingest({"a.csv": table}).files
    assert {one.code for one in outcome.rejects} <= {"ragged_row"}


@pytest.mark.parametrize("name", ["a.xlsx", "a.jsonl", "a.json", "a.parquet"])
def test_a_footnote_below_totals_of_other_formats(bench: Any, name: str) -> None:
    cells = (("A", 3), ("B", 4), ("C", 5), ("Total", 12), ("*) so far", None))
    rows = [{"shop": shop, "units": n} for shop, n in cells]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    data = {
        "a.xlsx": book([list(rows[0]), *(list(row.values()) for row in rows)]),
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "a.json": json.dumps(rows),
        "a.parquet": bytes(sink.getvalue()),
    }[name]
    result = bench.ingest({name: data})
    (outcome,) = result.files
    assert (outcome.rows, outcome.rejected_rows, outcome.records) == (3, 2, 5), outcome
    assert bench.frame(result)["units"].tolist() == [3, 4, 5]


@pytest.mark.parametrize("case", USUAL)
def test_a_usual_last_row_stays(bench: Any, case: str) -> None:
    (outcome,) = bench.ingest({"a.csv": HEAD + ROWS + USUAL[case]}).files
    assert "totals_row" not in {one.code for one in outcome.rejects}


def test_totals_of_other_formats_and_marks(bench: Any) -> None:
    rows = [["shop", "units"], ["A", 3], ["B", 4], ["C", 5], ["Total", 12]]
    lines = "".join(f'{{"shop": "{shop}", "units": {units}}}\n' for shop, units in rows[1:])
    comma = "shop;units\nA;1.003,5\nB;4,5\nC;5\nSumme;1.013,0\n"
    for name, data in (("a.xlsx", book(rows)), ("a.jsonl", lines), ("a.csv", comma)):
        (outcome,) = bench.ingest({name: data}).files
        assert (outcome.rows, outcome.rejected_rows) == (3, 1), name


CELL = st.one_of(st.integers(-3, 9).map(str), st.just(""), st.sampled_from(["A", "B", "sum up", "x"]))


@settings(max_examples=times(50, 150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(CELL, st.integers(-9, 99), st.floats(-9, 9).map(lambda x: round(x, 1))), min_size=1, max_size=9
    ),
    add=st.booleans(),
)
def test_no_false_alarm_and_none_missed(make_bench: Callable[[], Any], rows: list[Any], add: bool) -> None:
    """A row of sums with the word is always found; a random last row, with or without a key, never."""
    bench = make_bench()
    text = "key,n,x\n" + "".join(f"{key},{n},{x}\n" for key, n, x in rows)
    counted = sum(n != 0 for _, n, _ in rows) >= 2
    if add:
        text += f"Total,{sum(n for _, n, _ in rows)},{sum(x for _, _, x in rows):.1f}\n"
    (outcome,) = bench.ingest({"a.csv": text}).files
    told = "totals_row" in {one.code for one in outcome.rejects}
    assert told == (add and len(rows) > 1 and counted) or (add and told)


SIGNS = {
    "$": ("$10.50", "$1,020.25", "$-5.00", "$1,025.75"),
    "%": ("10 %", "20 %", "30 %", "60 %"),
    "€ and decimal commas": ("10,50 €", "1.020,25 €", "-5,00 €", "1.025,75 €"),
    "parentheses": ("10.50", "20.25", "(5.75)", "25.00"),
    "blanks between thousands": ("1 000", "20", "3 000", "4 020"),
    "apostrophes between thousands": ("1'000", "20", "3'000", "4'020"),
    "a sign in the total alone": ("10", "20", "30", "€60"),
    "words for missing": ("10", "?", "30", "40"),
}


@pytest.mark.parametrize("case", SIGNS)
@pytest.mark.parametrize("label", ["first", "last"])
def test_sums_are_seen_however_numbers_are_written(bench: Any, case: str, label: str) -> None:
    *values, total = SIGNS[case]
    rows = [("amount", "key"), *((value, f"k{n}") for n, value in enumerate(values)), (total, "Total")]
    turned = [(key, value) if label == "first" else (value, key) for value, key in rows]
    text = "".join(";".join(row) + "\n" for row in turned)
    (outcome,) = bench.ingest({"a.csv": text}).files
    assert (outcome.rows, outcome.rejected_rows) == (3, 1), outcome
    assert [one.line for one in outcome.rejects] == [5]


@pytest.mark.parametrize("name", ["a.json", "a.parquet"])
@pytest.mark.parametrize("known", [False, True])
def test_totals_of_a_table_without_lines(bench: Any, name: str, known: bool) -> None:
    rows = [{"shop": shop, "units": n, "ok": n > 3} for shop, n in (("A", 3), ("B", 4), ("C", 5))]
    rows.append({"shop": "Total", "units": 12, "ok": None})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    data = json.dumps(rows).encode() if name == "a.json" else bytes(sink.getvalue())
    contract = bench.ingest({"first.csv": "shop,units,ok\nA,3,true\n"}).contract if known else None
    result = bench.ingest({name: data}, contract)
    (outcome,) = result.files
    assert (outcome.rows, outcome.rejected_rows, outcome.records) == (3, 1, 4), outcome
    assert "Row 4 is a totals row" in outcome.notices[0]
    assert bench.frame(result)["units"].tolist() == [3, 4, 5]


@settings(max_examples=times(40, 100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(st.integers(-9, 99), CELL), min_size=3, max_size=9))
def test_a_usual_last_row_with_its_key_behind_is_never_one(make_bench: Callable[[], Any], rows: list[Any]) -> None:
    text = "n,key\n" + "".join(f"{n},{key}\n" for n, key in rows)
    (outcome,) = make_bench().ingest({"a.csv": text}).files
    assert "totals_row" not in {one.code for one in outcome.rejects}
