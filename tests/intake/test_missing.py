"""Words for missing values, infinity, and values that a column's type holds only in part: read the same way
everywhere, and said."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.dialect import check_parser, merged
from shopfloor.domain.errors import UsageError
from shopfloor.domain.file import FileState
from shopfloor.domain.missing import MISSING
from shopfloor.formats.cast_rule import CastMode
from shopfloor.formats.table import StagedTable

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPED = {
    "integer": ["1", "22", "-3"],
    "number": ["1.5", "2e3", "-.5"],
    "date": ["2026-01-31", "2026-02-01", "2026-02-02"],
    "timestamp": ["2026-01-31 10:00:00", "2026-02-01 00:00:00", "2026-02-02T08:30:00"],
    "boolean": ["true", "false", "true"],
}


def lines(values: list[str]) -> str:
    return "k,v\n" + "".join(f"x,{value}\n" for value in values)


@FEW
@given(
    kind=st.sampled_from(list(TYPED)),
    word=st.sampled_from([word for word in MISSING if word]),
    blanks=st.tuples(st.sampled_from(["", " "]), st.sampled_from(["", " "])),
    first=st.booleans(),
)
def test_known_words_never_keep_a_column_from_its_type(
    make_bench: Callable[[], Any], kind: str, word: str, blanks: tuple[str, str], first: bool
) -> None:
    bench = make_bench()
    written = word.join(blanks)
    values = [written, *TYPED[kind]] if first else [*TYPED[kind], written]
    result = bench.ingest({"a.csv": lines(values)})
    assert result.columns[1].type == kind
    assert bench.frame(result)["v"].isna().tolist() == [value == written for value in values]
    assert any(f"'{word.replace(chr(92), chr(92))}' in 'v' (1 value)" in said for said in result.notices)
    later = bench.ingest({"b.csv": lines([written])}, result.contract)
    assert later.files[0].reason is None
    assert bench.frame(later)["v"].isna().all()


def test_in_text_a_word_is_what_it_says_unless_it_is_declared(bench: Any) -> None:
    text = 'plan,k\n"None",1\n\\N,2\nNA,3\n ?,4\nk.A.,5\n'
    plain = bench.ingest({"a.csv": text})
    assert bench.frame(plain)["plan"].tolist() == ["None", None, "NA", " ?", "k.A."]
    assert any("Kept as text: '?' in 'plan' (1 value); 'NA'" in said for said in plain.notices), plain.notices
    assert any("Read as missing: '\\N' in 'plan'" in said for said in plain.notices)
    contract = Contract(name="d", columns=plain.columns, parser=Parser(missing=("?", "k.A.")))
    said = bench.ingest({"b.csv": text}, contract)
    assert bench.frame(said)["plan"].tolist() == ["None", None, "NA", None, None]


def test_a_declared_word_counts_before_it_is_a_value(bench: Any) -> None:
    """-999 is a number, and none; in every format of text."""
    parser = Parser(missing=("-999", "{x}'"))
    file = bench.stage("a.csv", "v,k\n1,a\n-999,b\n{x}',c\n", parser=parser)
    result = bench.ingest([file])
    assert result.columns[0].type is ColumnType.INTEGER
    assert bench.frame(result)["v"].isna().tolist() == [False, True, True]
    contract = Contract(name="d", columns=result.columns, parser=parser)
    for name, content in (("b.jsonl", '{"v":-999,"k":"-999"}\n'), ("b.csv", "v,k\n-999, -999\n")):
        later = bench.ingest({name: content}, contract)
        assert bench.frame(later).isna().all().all(), name


def test_words_in_json_and_numbers_beside_them(bench: Any) -> None:
    result = bench.ingest({"a.jsonl": '{"v":1.5,"k":"a"}\n{"v":"n/a","k":"b"}\n'})
    assert result.columns[0].type is ColumnType.NUMBER
    assert bench.frame(result)["v"].isna().tolist() == [False, True]


def test_blanks_around_every_value_as_in_the_adult_data(bench: Any) -> None:
    text = "age, work, gain\n39, State-gov, 2174\n50, ?, 0\n?, Private, ?\n"
    result = bench.ingest({"a.csv": text})
    assert [column.type.value for column in result.columns] == ["integer", "text", "integer"]
    assert any("'?' in 'age' (1 value), ' gain' (1 value)" in said for said in result.notices), result.notices
    assert any("Kept as text: '?' in ' work' (1 value)" in said for said in result.notices)


HELD: dict[str, tuple[list[str], str]] = {
    "words": (["1", "2", "k.A.", "3", "k.A."], "but for 'k.A.' (2) its 5 values are integers"),
    "dates": (["13/02/2026", "14/02/2026", "never"], "but for 'never' (1) its 3 values are dates"),
    "two words": (["1.5", "2.5", "x", "y", "3.5"], "but for 'x' (1), 'y' (1) its 5 values are numbers"),
    "at first": (["unknown", "1,5", "2,5"], "but for 'unknown' (1) its 3 values are numbers"),
}


@pytest.mark.parametrize("case", HELD)
def test_few_words_that_keep_a_column_from_a_type_are_named(bench: Any, case: str) -> None:
    values, said = HELD[case]
    result = bench.ingest({"a.csv": "v;k\n" + "".join(f"{value};k\n" for value in values)})
    assert result.columns[0].type is ColumnType.TEXT
    (notice,) = (notice for notice in result.notices if "'v'" in notice)
    assert said in notice
    assert "missing = [" in notice
    words = tuple(word for word in values if not any(map(str.isdigit, word)))
    file = bench.stage("a.csv", "v;k\n" + "".join(f"{value};k\n" for value in values), parser=Parser(missing=words))
    assert bench.ingest([file]).columns[0].type is not ColumnType.TEXT


def test_a_few_values_that_are_no_numbers_are_told_with_an_example(bench: Any) -> None:
    result = bench.ingest({"a.csv": lines([*map(str, range(100, 160)), "12b"])})
    assert [notice for notice in result.notices if "'v'" in notice] == [
        "Column 'v' was kept as text: 1 of its 61 values are not numbers, such as '12b'."
    ]
    quiet = bench.ingest({"a.csv": "v,w\n" + "".join(f"a{n},street {n}\n" for n in range(50)) + "x,y\n"})
    assert quiet.notices == ()


INFINITE = ["inf", "-inf", "Infinity", "+INF", "1e400", "-1e999"]


@FEW
@given(word=st.sampled_from(INFINITE), big=st.booleans(), pinned=st.booleans(), other=st.sampled_from(["1", "2.5"]))
def test_infinity_is_a_missing_number_and_counted(
    make_bench: Callable[[], Any], word: str, big: bool, pinned: bool, other: str
) -> None:
    bench = make_bench()
    contract = bench.ingest({"a.csv": lines(["1.5", "2"])}).contract if pinned else None
    filler = [other] * (3 if not big else 3000)
    result = bench.ingest({"b.csv": lines([*filler, word, "", *filler, word])}, contract)
    assert result.columns[1].type is ColumnType.NUMBER
    assert int(bench.frame(result)["v"].isna().sum()) == 3
    assert result.files[0].notices == ("Column 'v': 2 infinite values were treated as missing.",)


@pytest.mark.parametrize("word", INFINITE)
@pytest.mark.parametrize("pinned", [False, True])
def test_infinity_among_the_numbers_of_json_is_a_text(bench: Any, word: str, pinned: bool) -> None:
    contract = bench.ingest({"a.csv": lines(["1.5", "2"])}).contract if pinned else None
    rows = [{"k": str(n), "v": value} for n, value in enumerate([1.5, word, 2.5, None, word])]
    for name, data in (("b.jsonl", "".join(json.dumps(row) + "\n" for row in rows)), ("b.json", json.dumps(rows))):
        result = bench.ingest({name: data}, contract)
        assert {column.name: column.type for column in result.columns}["v"] is ColumnType.NUMBER
        assert int(bench.frame(result)["v"].isna().sum()) == 3
        assert result.files[0].notices == ("Column 'v': 2 infinite values were treated as missing.",)


@pytest.mark.parametrize("word", ["=cmd|a", "@SUM(A:A)", "+a|b", "-cmd|a"])
def test_a_formula_is_no_word_for_missing(bench: Any, word: str) -> None:
    result = bench.ingest({"a.csv": lines([*map(str, range(100, 120)), word])})
    (notice,) = (notice for notice in result.notices if "'v'" in notice)
    assert notice.endswith(f"values are not numbers, such as '{word}'.")
    contract = bench.ingest({"a.csv": lines(["1", "2"])}).contract
    (held,) = bench.ingest({"b.csv": lines(["3", word])}, contract).files
    assert not any(remedy.settings for remedy in held.reason.remedies)


def test_infinity_far_below_the_sample_of_a_large_file(bench: Any) -> None:
    result = bench.ingest({"a.csv": "v,k\n" + f"1.5,{'k' * 40}\n" * 200_000 + "inf,x\n"})
    assert (result.columns[0].type, result.rows) == (ColumnType.NUMBER, 200_001)
    assert "1 infinite value was treated" in result.files[0].notices[0]


@pytest.mark.parametrize(
    ("last", "modes"), [("2", [CastMode.PLAIN]), ("2026-01-31T10:00Z", [CastMode.PLAIN, CastMode.FULL])]
)
def test_a_large_file_is_read_by_its_plain_spellings_first(
    bench: Any, monkeypatch: pytest.MonkeyPatch, last: str, modes: list[CastMode]
) -> None:
    """The rare ones of thousands of columns take as long to plan as a table takes to read."""
    tried: list[CastMode] = []
    load = StagedTable.load

    def noted(self: StagedTable, path: str, mode: CastMode, *, first: bool = False) -> None:
        tried.append(mode)
        load(self, path, mode, first=first)

    monkeypatch.setattr(StagedTable, "load", noted)
    usual = "2026-01-31 10:00:00" if "-" in last else "1"
    result = bench.ingest({"a.csv": "v,k\n" + f"{usual},{'k' * 40}\n" * 200_000 + f"{last},x\n"})
    assert (result.rows, tried) == (200_001, modes)


def test_infinity_beside_a_row_that_is_left_out(bench: Any) -> None:
    contract = bench.ingest({"a.csv": lines(["1.5", "2"])}).contract
    contract = msgspec.structs.replace(contract, reject_budget=0.5)
    result = bench.ingest({"b.csv": lines(["inf", "x", "2", "3"])}, contract)
    assert (result.rows, result.files[0].rejected_rows) == (3, 1)
    assert "1 infinite value was" in result.files[0].notices[0]


NOW = dt.datetime(2026, 3, 1, 10, 0, 1, 250000)  # noqa: DTZ001
ARROW: dict[str, tuple[Any, str, object]] = {
    **{f"timestamp {unit} {zone}": (pa.array([NOW.replace(microsecond=0)], pa.timestamp(unit, zone)), "timestamp",
        "2026-03-01T10:00:01") for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Europe/Berlin")},
    "date32": (pa.array([NOW.date()], pa.date32()), "date", "2026-03-01"),
    "date64": (pa.array([NOW.date()], pa.date64()), "date", "2026-03-01"),
    "time": (pa.array([dt.time(3, 4, 5)], pa.time64("us")), "text", "03:04:05"),
    "time ns": (pa.array([3_000_000_001], pa.time64("ns")), "text", "00:00:03.000000001"),
    "decimal": (pa.array([1.25]).cast(pa.decimal128(10, 2)), "number", 1.25),
    "wide decimal": (pa.array([1.25]).cast(pa.decimal256(50, 2)), "number", 1.25),
    "dictionary": (pa.array(["x"]).dictionary_encode(), "text", "x"),
    "dictionary of numbers": (pa.array([7]).dictionary_encode(), "integer", 7),
    "uint64": (pa.array([5], pa.uint64()), "integer", 5),
    "uint64 beyond": (pa.array([2**63 + 1], pa.uint64()), "text", str(2**63 + 1)),
    "float16": (pa.array([1.5], pa.float16()), "number", 1.5),
    "duration": (pa.array([dt.timedelta(seconds=5)], pa.duration("us")), "integer", 5_000_000),
    "binary": (pa.array(["Mü".encode()]), "text", "Mü"),
    "large binary": (pa.array([b"ab"], pa.large_binary()), "text", "ab"),
    "fixed binary": (pa.array([b"ab"], pa.binary(2)), "text", "ab"),
    "string view": (pa.array(["x"], pa.string_view()), "text", "x"),
    "list": (pa.array([[1, 2]]), "text", "[1,2]"),
}  # fmt: skip


def parquet(values: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"v": values}), target)
    return target.getvalue()


@pytest.mark.parametrize("case", ARROW)
def test_every_type_of_parquet_is_read_exactly(bench: Any, case: str) -> None:
    values, kind, first = ARROW[case]
    result = bench.ingest({"a.parquet": parquet(values)})
    assert result.files[0].reason is None
    assert result.columns[0].type == kind
    found = bench.frame(result)["v"].tolist()[0]
    assert (found.isoformat()[: len(str(first))] if kind in {"date", "timestamp"} else found) == first
    assert bench.ingest({"b.parquet": parquet(values)}, result.contract).files[0].reason is None


def test_bytes_that_are_no_text_are_refused_with_the_column_named(bench: Any) -> None:
    (outcome,) = bench.ingest({"a.parquet": parquet(pa.array([b"a", b"\xff\xfe"]))}).files
    assert (outcome.reason.code, outcome.reason.column) == ("unsupported_type", "v")


def test_times_finer_than_a_microsecond_are_rounded_and_counted(bench: Any) -> None:
    values = pa.array([1_000, 1_001, None, 2_999], pa.timestamp("ns", "UTC"))
    result = bench.ingest({"a.parquet": parquet(values)})
    assert bench.frame(result)["v"].dt.microsecond.tolist()[:2] == [1, 1]
    assert result.files[0].notices == ("Column 'v': 2 times finer than a microsecond were rounded to it.",)
    floats = bench.ingest({"a.parquet": parquet(pa.array([1.5, float("inf"), float("nan")]))})
    assert bench.frame(floats)["v"].isna().tolist() == [False, True, True]
    assert floats.files[0].notices == ("Column 'v': 1 infinite value was treated as missing.",)


@pytest.mark.parametrize("words", [(" x",), ("",), ("a" * 61,), ("a\nb",), tuple(map(str, range(101)))])
def test_words_that_cannot_be_declared(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"missing has a word|missing lists 101 words"):
        check_parser(Parser(missing=words))


def test_words_of_one_file_join_those_of_the_contract() -> None:
    assert merged(Parser(missing=("a",), delimiter=";"), Parser(missing=("b", "a"))).missing == ("a", "b")


def test_a_file_that_is_held_for_a_word_comes_in_with_it(bench: Any) -> None:
    contract = bench.ingest({"a.csv": lines(["1", "2"])}).contract
    (held,) = bench.ingest({"b.csv": lines(["3", "k.A."])}, contract).files
    assert held.state is FileState.QUARANTINED
    assert ("missing", "k.A.") in held.reason.remedies[-1].settings
    again = bench.stage("b.csv", lines(["3", "k.A."]), parser=Parser(missing=("k.A.",)))
    assert bench.ingest([again], contract).files[0].state is FileState.COMMITTED
