"""A header that stands again among the rows holds the file, in every format; a person may leave it out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.books import book
from tests.soak import times

from shopfloor.domain.file import FileState

HELD, IN = FileState.QUARANTINED, FileState.COMMITTED
MANY = settings(max_examples=times(30, 100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = ["id", "shop", "note"]
ROWS = [["a1", "Lund", "x"], ["a2", "Umea", ""], ["a3", "Lund", "y"]]
"""Text only: no type keeps a header out."""

Rows = Sequence[Sequence[str]]


def delimited(mark: str) -> Callable[[Rows], bytes]:
    def write(rows: Rows) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=mark, lineterminator="\n").writerows([NAMES, *rows])
        return out.getvalue().encode()

    return write


def as_objects(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def parquet(rows: Rows) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(as_objects(rows)), sink)
    return bytes(sink.getvalue())


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "a.csv": delimited(","),
    "b.csv": delimited(";"),
    "a.tsv": delimited("\t"),
    "a.csv.gz": lambda rows: gzip.compress(delimited("|")(rows)),
    "utf16.csv": lambda rows: delimited(",")(rows).decode().encode("utf-16"),
    "a.jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in as_objects(rows)).encode(),
    "a.json": lambda rows: json.dumps(as_objects(rows)).encode(),
    "a.parquet": parquet,
    "a.xlsx": lambda rows: book([NAMES, *rows]),
}
AGAIN = {
    "the same": ["id", "shop", "note"],
    "another letter case": ["Id", "SHOP", "Note"],
    "another order": ["note", "id", "shop"],
    "other quotes": ["'id'", "'shop'", "'note'"],
    "a byte order mark": ["\ufeffid", "shop", "note"],
    "blanks": [" id", "shop ", " note "],
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", AGAIN)
def test_a_header_among_the_rows_holds_a_file_of_any_format(bench: Any, name: str, case: str) -> None:
    data = FORMATS[name]([*ROWS[:2], AGAIN[case], *ROWS[2:]])
    contract = bench.ingest({"first.csv": FORMATS["a.csv"](ROWS)}).contract
    for budget in (None, 0.0, 1.0):
        ruled = None if budget is None else msgspec.structs.replace(contract, reject_budget=budget)
        (outcome,) = bench.ingest({name: data}, ruled).files
        assert (outcome.state, outcome.reason.code) == (HELD, "header_repeated"), outcome.reason
        where = "Row 3" if name in {"a.json", "a.parquet"} else "Line 3" if name == "a.jsonl" else "Line 4"
        assert outcome.reason.message.startswith(f"{where} holds the column names again")


@pytest.mark.parametrize("name", FORMATS)
def test_a_person_leaves_the_header_out(bench: Any, name: str) -> None:
    data = FORMATS[name]([*ROWS[:1], AGAIN["another letter case"], *ROWS[1:]])
    result = bench.ingest({name: data}, accepted=True)
    (outcome,) = result.files
    assert (outcome.state, outcome.rows, outcome.rejected_rows) == (IN, 3, 1), outcome
    assert [one.code for one in outcome.rejects] == ["header_repeated"]
    assert bench.frame(result)["shop"].tolist() == ["Lund", "Umea", "Lund"]


@pytest.mark.parametrize(
    ("again", "accepted"),
    [
        ("id,x\n", 3),
        ("ID,X\n", 3),
        ("\ufeffid,x\n", 3),
        ('"id","x"\n', 3),
        ("id,x\r\n", 3),
        ("5,5.5id,x\n", 3),
        ("5,5.5\ufeffid,x\n", 3),
        ("5,5.5Id,X\n", 3),
        ("X,id\n", 3),
    ],
)
def test_a_header_between_numbers(bench: Any, again: str, accepted: int) -> None:
    """Types come from the other rows: as a first file, and with the types of one before."""
    data = f"id,x\n1,1.5\n2,2.5\n{again}3,3.5\n"
    plain = bench.ingest({"first.csv": "id,x\n1,1.5\n"})
    for contract in (None, plain.contract, msgspec.structs.replace(plain.contract, reject_budget=1.0)):
        (outcome,) = bench.ingest({"a.csv": data}, contract).files
        assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 4)
        result = bench.ingest({"a.csv": data}, contract, accepted=True)
        (outcome,) = result.files
        assert (outcome.rows, outcome.rejected_rows, result.columns) == (accepted, 1, plain.columns)


def test_a_row_of_words_is_no_header(bench: Any) -> None:
    for data in (
        'id,x\n1,"\nid,x\n"\n2,b\n',
        "id,x\ncid,x\n2,b\n",
        "home,away\naway,home\nc,d\n",
        "id,shop,note\nid,id,note\n",
        "id,shop,note\nid,,note\n",
        "2019,2020\n2019,2021\n",
    ):
        assert bench.ingest({"a.csv": data}).files[0].reason is None, data


def test_wide_tables_are_looked_at_too(bench: Any) -> None:
    names = [f"n{i}" for i in range(60)]
    line, row = ",".join(names), ",".join("v" for _ in names)
    (outcome,) = bench.ingest({"a.csv": f"{line}\n{row}\n{line.upper()}\n{row}\n"}).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 3)


def test_names_that_look_like_values_hide_no_header(bench: Any) -> None:
    first = "no,shop\nx1,Lund\nx2,Umea\n"
    contract = bench.ingest({"first.csv": first}).contract
    (outcome,) = bench.ingest({"a.csv": first + "no,shop\nx3,Lund\n"}, contract).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 4)


def test_the_name_of_an_only_column_may_be_a_value(bench: Any) -> None:
    once = bench.ingest({"a.csv": "word\na\nword\nb\n"})
    assert (once.files[0].state, once.files[0].rows) == (IN, 3)
    assert any(notice.startswith("Line 3 holds the name of the only column") for notice in once.files[0].notices)
    twice = "word\na\nword\nb\nWORD\n"
    for contract in (None, once.contract):
        (outcome,) = bench.ingest({"a.csv": twice}, contract).files
        assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 3)
        (outcome,) = bench.ingest({"a.csv": twice}, contract, accepted=True).files
        assert (outcome.state, outcome.rows, outcome.rejected_rows) == (IN, 4, 0)


@pytest.mark.parametrize("again", ["\ufeffword", "b\ufeffword"])
def test_behind_a_byte_order_mark_the_name_is_a_header(bench: Any, again: str) -> None:
    (outcome,) = bench.ingest({"a.csv": f"word\na\n{again}\nb\n"}).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 3)


def test_between_numbers_the_name_of_an_only_column_is_a_header(bench: Any) -> None:
    data = "n\n1\nn\n2\n"
    for contract in (None, bench.ingest({"first.csv": "n\n1\n"}).contract):
        (outcome,) = bench.ingest({"a.csv": data}, contract).files
        assert (outcome.reason.code, outcome.reason.line) == ("header_repeated", 3)
        result = bench.ingest({"a.csv": data}, contract, accepted=True)
        assert (result.files[0].rows, result.files[0].rejected_rows) == (2, 1)
        assert result.columns[0].type.value == "integer"


def test_rows_below_a_header_that_was_left_out_keep_their_lines(bench: Any) -> None:
    contract = bench.ingest({"first.csv": "id,x\n1,1.5\n"}).contract
    data = "id,x\n1,1.5\nid,x\n2,oops\n3,3.5\n"
    (outcome,) = bench.ingest({"a.csv": data}, contract, accepted=True).files
    assert [(one.code, one.line) for one in outcome.rejects] == [("header_repeated", 3), ("bad_value", 4)]
    assert (outcome.rows, outcome.rejected_rows, outcome.records) == (2, 2, 4)


CELL = st.text("abAB \"',;\n", max_size=3)


@MANY
@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), at=st.none() | st.integers(0, 8))
def test_a_header_is_found_wherever_it_stands_and_nowhere_else(
    make_bench: Callable[[], Any], rows: list[Any], at: int | None
) -> None:
    written = [list(row) for row in rows]
    if at is not None:
        written.insert(min(at, len(rows)), AGAIN["another letter case"])
    for name in ("a.csv", "a.jsonl"):
        (outcome,) = make_bench().ingest({name: FORMATS[name](written)}).files
        assert (outcome.reason is not None and outcome.reason.code == "header_repeated") == (at is not None)


def test_a_table_with_a_type_is_read_without_the_search(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs nothing where a header cannot be read as a row."""
    from shopfloor.formats import query

    monkeypatch.setattr(query, "is_header", lambda shape: pytest.fail("searched"))
    assert bench.ingest({"a.csv": "id,word\n1,a\n"}).files[0].reason is None
