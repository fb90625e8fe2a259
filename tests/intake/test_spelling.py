"""Days and numbers that could be read in two ways: a whole column proves one, or it stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.file import FileState
from shopfloor.domain.number_format import COMMA, POINT, bare, number_format, pattern
from shopfloor.formats.notation import marked


def column(values: list[str]) -> str:
    return "v,k\n" + "".join(f'"{value}",k\n' for value in values)


# Values of a first file; the type and format that they prove; what the first one is then.
PROVED: dict[str, tuple[list[str], str, str, object]] = {
    "day first": (["01/02/2026", "", "13/02/2026"], "date", "%d/%m/%Y", "2026-02-01"),
    "month first": (["01/02/2026", "02/13/2026"], "date", "%m/%d/%Y", "2026-01-02"),
    "short days": (["1/2/2026", "13/2/2026"], "date", "%d/%m/%Y", "2026-02-01"),
    "dashes": (["01-02-2026", "13-02-2026"], "date", "%d-%m-%Y", "2026-02-01"),
    "points": (["01.02.2026", "02.02.2026"], "date", "%d.%m.%Y", "2026-02-01"),
    "minutes": (["01/02/2026 10:05", "13/02/2026 9:00"], "timestamp", "%d/%m/%Y %H:%M", "2026-02-01T10:05:00"),
    "half days": (
        ["01/02/2026 1:05 PM", "01/13/2026 1:05 AM"],
        "timestamp",
        "%m/%d/%Y %I:%M %p",
        "2026-01-02T13:05:00",
    ),
    "offsets": (["2026-02-01T10:00:00+02:00", "2026-02-01 10:00 -0500"], "timestamp", "", "2026-02-01T08:00:00"),
    "decimal comma": (["3,5", "-7", "1.234,5", "1.234.567"], "number", "1.234,56", 3.5),
    "month names": (["31-OCT-2025", "1-Nov-2025"], "date", "%d-%b-%Y", "2025-10-31"),
    "full month names": (["October 31, 2025", "May 1, 2025"], "date", "%B %d, %Y", "2025-10-31"),
    "months first": (["Oct 31, 2025", "NA", "Nov 1, 2025"], "date", "%b %d, %Y", "2025-10-31"),
    "months and minutes": (
        ["2025 Oct 31 9:05", "2025 Oct 31 9:05:10"],
        "timestamp",
        "%Y %b %d %H:%M",
        "2025-10-31T09:05",
    ),
    "points and ISO": (["31.01.2026", "2026-02-01"], "date", "%d.%m.%Y", "2026-01-31"),
    "ISO and points": (["2026-02-01", "31.01.2026"], "date", "%d.%m.%Y", "2026-02-01"),
    "ISO and day first": (["2026-02-01", "13/02/2026"], "date", "%d/%m/%Y", "2026-02-01"),
    "seconds now and then": (
        ["13/02/2026 10:05", "13/02/2026 9:00:30"],
        "timestamp",
        "%d/%m/%Y %H:%M",
        "2026-02-13T10:05",
    ),
    "percent": (["7.5 %", "-3%"], "number", "1,234.56 %", 7.5),
    "whole percent": (["7%", "3%"], "number", "1,234.56%", 7.0),
    "dollars": (["$34.61", "-$1,234.50", "($3.10)", "$-2"], "number", "$1,234.56", 34.61),
    "euros": (["€ 1.234,50", "€ 3,10", "-€ 1"], "number", "€ 1.234,56", 1234.5),
    "euros behind": (["1.234,50 €", "-3,10\u00a0€"], "number", "1.234,56 €", 1234.5),
    "code of a currency": (["1,234.00 USD", "5 USD"], "number", "1,234.56 USD", 1234.0),
    "accounting": (["(12.50)", "3.1"], "number", "(1,234.56)", -12.5),
    "accounting below": (["3.1", "(1,212.50)"], "number", "(1,234.56)", 3.1),
    "accounting with a comma": (["(12,50)", "1.234,5"], "number", "(1.234,56)", -12.5),
    "three decimals": (["0,125", "1,250"], "number", "1.234,56", 0.125),
    "thousands commas": (["1,234", "3.5", "1,234,567.5"], "number", "1,234.56", 1234.0),
}


@pytest.mark.parametrize("case", PROVED)
def test_a_whole_column_proves_how_it_is_written(bench: Any, case: str) -> None:
    values, kind, format, first = PROVED[case]
    result = bench.ingest({"a.csv": column(values)})
    assert (result.columns[0].type, result.columns[0].format) == (kind, format)
    found = bench.frame(result)["v"].tolist()[0]
    assert (found.isoformat()[: len(str(first))] if kind in {"date", "timestamp"} else found) == first


TEXT: dict[str, tuple[list[str], str]] = {
    "either day or month": (["01/02/2026", "03/04/2026"], "could be read as"),
    "both day and month first": (["13/02/2026", "02/13/2026"], "several ways"),
    "either thousands or thousandths": (["1,234", "2,345"], "could be read as"),
    "ISO and either day or month": (["2026-02-01", "01/02/2026"], "could be read as"),
    "thousands of dollars or thousandths": (["1,234 USD", "5 USD"], "could be read as"),
    "two currencies": (["$5", "€7"], "several ways"),
    "with a sign and without": (["7", "$5"], "not numbers, such as '$5'"),
    "letters before a number": (["A12", "B13"], ""),
    "a code like a day": (["0001-24-7", "0002-24-8"], ""),
    "some with an offset": (["2026-02-01T10:00:00", "2026-02-01T10:00:00+02:00"], "several ways"),
    "commas and points": (["3,5", "3.5"], "several ways"),
    "codes": (["007", "3,5"], ""),
    "no such day": (["31/02/2026", "30/01/2026"], "several ways"),
    "two-digit years": (["13/02/26", "14/02/26"], "years with two digits"),
    "Oracle's days": (["31-OCT-25", "1-NOV-25"], '"%d-%b-%y"'),
    "yes and no": (["yes", "no"], ""),
    "beyond 64 bits": (["9223372036854775808", "1"], ""),
}


@pytest.mark.parametrize("case", TEXT)
def test_what_is_not_proved_stays_text_and_says_so(bench: Any, case: str) -> None:
    values, said = TEXT[case]
    result = bench.ingest({"a.csv": column(values)})
    assert (result.columns[0].type, result.columns[0].format) == ("text", "")
    assert bench.frame(result)["v"].tolist() == values
    assert any("'v'" in notice and said in notice for notice in result.notices) == bool(said)


LAST: dict[str, tuple[str, str, str, str]] = {
    "day that decides": ("01/02/2026", "13/02/2026", "date", "%d/%m/%Y"),
    "day that refutes": ("13/02/2026", "02/13/2026", "text", ""),
    "decimal comma": ("5", "3,5", "number", "1.234,56"),
    "code": ("3,5", "007", "text", ""),
    "offset": ("2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "text", ""),
    "no offset": ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00", "text", ""),
    "word": ("5", "x", "text", ""),
    "large": ("5", "9223372036854775808", "text", ""),
    "fraction": ("5", "5.5", "number", ""),
}


@pytest.mark.parametrize("case", LAST)
def test_the_last_row_counts_in_a_file_of_several_row_groups(bench: Any, case: str) -> None:
    most, last, kind, format = LAST[case]
    text = "v,k\n" + f'"{most}",{"k" * 40}\n' * 130_000 + f'"{last}",k\n'
    result = bench.ingest({"a.csv": text})
    assert (result.columns[0].type, result.columns[0].format) == (kind, format)
    assert result.rows == 130_001
    if kind == "text":
        assert bench.frame(result)["v"].tolist()[-1] == last


LATER = {
    "other order": (["01/02/2026", "13/02/2026"], "01/13/2026"),
    "month that is none": (["01/02/2026", "13/02/2026"], "01-FOO-2026"),
    "another sign": (["$3.50"], "€1.5"),
    "no sign": (["7.5 %"], "0.075"),
    "two-digit year": (["01/02/2026", "13/02/2026"], "01/02/26"),
    "decimal point": (["3,5"], "1.5"),
    "point that may be thousands": (["3,5"], "1.234"),
    "time for a day": (["01/02/2026", "13/02/2026"], "13/02/2026 10:00"),
}


@pytest.mark.parametrize("case", LATER)
def test_what_is_pinned_stays_pinned(bench: Any, case: str) -> None:
    first, value = LATER[case]
    contract = bench.ingest({"a.csv": column(first)}).contract
    (outcome,) = bench.ingest({"b.csv": column([first[0], value])}, contract).files
    assert outcome.state is FileState.QUARANTINED
    assert (outcome.reason.code, outcome.reason.line) == ("bad_value", 3)
    assert contract.columns[0].format in outcome.reason.message


BESIDE: dict[str, tuple[list[str], list[str], str]] = {
    "day first": (
        ["01/02/2026", "13/02/2026"],
        ["2026-02-01", "01.02.2026", "1-FEB-2026", "2026-02-01 00:00:00"],
        "2026-02-01",
    ),
    "month first": (["01/02/2026", "02/13/2026"], ["2026-01-02", "02.01.2026", "Jan 2, 2026"], "2026-01-02"),
    "ISO": (["2026-02-01"], ["01.02.2026", "1 February 2026"], "2026-02-01"),
    "times": (
        ["13/02/2026 10:05"],
        ["13/02/2026 10:05:00", "2026-02-13T10:05:00Z", "2026-02-13 12:05+02", "13-Feb-2026 10:05", "13.02.2026 10:05"],
        "2026-02-13T10:05:00",
    ),
    "dollars": (["$3.50"], ["$ 3.5", "3.50$", " $3.5 "], "3.5"),
}


@pytest.mark.parametrize("case", BESIDE)
def test_what_can_be_read_in_one_way_only_is_read_beside_a_pinned_format(bench: Any, case: str) -> None:
    first, later, said = BESIDE[case]
    contract = bench.ingest({"a.csv": column(first)}).contract
    result = bench.ingest({"b.csv": column(later)}, contract)
    assert result.files[0].reason is None
    values = bench.frame(result)["v"].tolist()
    assert {value.isoformat()[: len(said)] if hasattr(value, "isoformat") else str(value) for value in values} == {said}


def test_a_format_that_reads_points_otherwise_is_not_read_beside(bench: Any) -> None:
    columns = (Column(name="v", type=ColumnType.DATE, format="%m.%d.%Y"), Column(name="k", type=ColumnType.TEXT))
    contract = Contract(name="d", columns=columns)
    (outcome,) = bench.ingest({"a.csv": column(["02.01.2026", "13.02.2026"])}, contract).files
    assert (outcome.reason.code, outcome.reason.line) == ("bad_value", 3)
    columns = (Column(name="v", type=ColumnType.DATE, format="%d-%b-%y"), Column(name="k", type=ColumnType.TEXT))
    result = bench.ingest({"a.csv": column(["31-OCT-25", "1-NOV-98"])}, Contract(name="d", columns=columns))
    assert [value.year for value in bench.frame(result)["v"]] == [2025, 1998]


def test_a_sign_in_json_is_that_of_a_file(bench: Any) -> None:
    contract = bench.ingest({"a.csv": column(["$5.00"])}).contract
    result = bench.ingest({"a.jsonl": '{"v":"$7.10","k":"k"}\n{"v":8.5,"k":"k"}\n'}, contract)
    assert bench.frame(result)["v"].tolist() == [7.1, 8.5]
    first = bench.ingest({"a.jsonl": '{"v":"7.5 %"}\n{"v":"-1 %"}\n'})
    assert bench.frame(first)["v"].tolist() == [7.5, -1.0]


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 2))


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=20),
    format=st.sampled_from(["$1,234.56", "€ 1.234,56", "1,234.56 USD", "1.234,56%", "(1,234.56)", "1,234.56 kg"]),
    negative=st.sampled_from(["-", "()"]),
)
def test_numbers_with_signs_come_back_equal_in_sql_and_in_python(
    make_bench: Callable[[], Any], numbers: list[float], format: str, negative: str
) -> None:
    how = number_format(format)
    assert how is not None
    digits = marked(*how.marks, alone=how.base == POINT).removeprefix("[-+]?")
    written = [_written(number, format, negative) for number in numbers]
    assert all(re.fullmatch(pattern(how, digits), value, re.ASCII) for value in written)
    assert [float(bare(how, value)) for value in written] == numbers
    columns = (Column(name="v", type=ColumnType.NUMBER, format=format), Column(name="k", type=ColumnType.TEXT))
    result = make_bench().ingest({"a.csv": column(written)}, Contract(name="d", columns=columns))
    assert result.files[0].reason is None


def _written(number: float, format: str, negative: str) -> str:
    text = f"{abs(number):,.2f}"
    base = COMMA if COMMA in format else POINT
    if base == COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    text = format.strip("()").replace(base, text)
    if number >= 0:
        return text
    return f"({text})" if negative == "()" else f"-{text}"


def test_later_semicolon_file_shows_its_comma_late(bench: Any) -> None:
    contract = bench.ingest({"a.csv": "a;b\n1;2,5\n"}).contract
    result = bench.ingest({"b.csv": "a;b\n" + "1;2\n" * 200 + "2;3,5\n"}, contract)
    assert result.files[0].reason is None
    assert bench.frame(result)["b"].tolist()[-1] == 3.5


def test_format_of_a_person(bench: Any) -> None:
    columns = (
        Column(name="v", type=ColumnType.TIMESTAMP, format="%Y%m%d{%H}'%M'"),
        Column(name="k", type=ColumnType.TEXT),
    )
    contract = Contract(name="d", columns=columns)
    result = bench.ingest({"a.csv": column(["20260201{10}'30'", "NA"])}, contract)
    assert result.files[0].reason is None
    assert bench.frame(result)["v"].tolist()[0].isoformat() == "2026-02-01T10:30:00"


def test_types_of_json_keep_their_meaning(bench: Any) -> None:
    contract = bench.ingest({"a.csv": 'v,n\n13/02/2026,"3,5"\n'}).contract
    result = bench.ingest({"a.jsonl": '{"v":"2026-02-13","n":3.5}\n{"v":"13/02/2026","n":1.234}\n'}, contract)
    assert result.files[0].reason is None
    assert bench.frame(result)["n"].tolist() == [3.5, 1.234]
    assert len(set(bench.frame(result)["v"])) == 1
    big = bench.ingest({"b.jsonl": '{"a":9007199254740993,"b":18446744073709551616,"c":{"x":[1]}}\n'})
    assert bench.frame(big).iloc[0].tolist() == [2**53 + 1, "18446744073709551616", '{"x":[1]}']


def test_first_files_of_one_delivery_decide_together(bench: Any) -> None:
    result = bench.ingest({"a.csv": column(["01/02/2026"]), "b.csv": column(["13/02/2026"])})
    assert [outcome.reason for outcome in result.files] == [None, None]
    assert result.columns[0].format == "%d/%m/%Y"
    assert msgspec.structs.asdict(result.columns[0])["type"] == "date"


TEXTS_OF_PARQUET = {  # a text column, its type, and what is told of it
    "signs": (["$1.50", "$2.5", "$1,200"], ColumnType.NUMBER, "is written as $1,234.56, and read as numbers"),
    "days": (["31.01.2026", "02.02.2026", None], ColumnType.DATE, ""),
    "iso days": (["2026-01-31", "NA", None], ColumnType.DATE, "Read as missing: 'NA' in 'x' (1 value)"),
    "numbers are texts": (["1.50", "2.50", "3"], ColumnType.TEXT, ""),
    "words among numbers that are texts": (["1.50", "NA", "3"], ColumnType.TEXT, "Kept as text: 'NA' in 'x' (1 value)"),
    "two ways": (["01/02/2026", "02/02/2026"], ColumnType.TEXT, "Column 'x'"),
    "words": (["ann", "bob", None], ColumnType.TEXT, ""),
}


@pytest.mark.parametrize("case", TEXTS_OF_PARQUET)
def test_text_columns_of_parquet_are_read_as_texts_in_json(bench: Any, case: str) -> None:
    texts, kind, said = TEXTS_OF_PARQUET[case]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": list(range(len(texts))), "x": pa.array(texts, pa.string())}), sink)
    objects = "".join(json.dumps({"id": n, "x": text}) + "\n" for n, text in enumerate(texts))
    found = {}
    for name, data in (("a.parquet", bytes(sink.getvalue())), ("a.jsonl", objects)):
        result = bench.ingest({name: data})
        (outcome,) = result.files
        assert outcome.state is FileState.COMMITTED, outcome
        assert {column.name: column.type for column in result.columns} == {"id": ColumnType.INTEGER, "x": kind}
        assert said in " ".join((*outcome.notices, *result.notices)) or not said
        found[name] = bench.frame(result)["x"].astype(str).tolist(), outcome.notices, result.notices
    assert found["a.parquet"] == found["a.jsonl"]
