"""Every kind of broken or odd file has one defined outcome (faults.md I4, I5, I8, I13)."""

from __future__ import annotations

import gzip
import io
import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopfloor.domain.file import FileState

GOOD = "id,x\n1,1.5\n2,2.5\n"


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


BROKEN: dict[str, tuple[str, bytes, str, int | None]] = {
    "zero bytes": ("a.csv", b"", "empty_file", None),
    "blank lines only": ("a.csv", b"\n \n", "empty_file", None),
    "header only": ("a.csv", b"id,x\n", "header_only", None),
    "header only, no newline": ("a.csv", b"id,x", "header_only", None),
    "no header": ("a.csv", b"1,2.5,ann\n2,3.5,bob\n", "header_missing", 1),
    "duplicate name": ("a.csv", b"id,id\n1,2\n", "duplicate_column_name", 1),
    "case collision": ("a.csv", b"id,ID\n1,2\n", "case_collision", 1),
    "pandas index": ("a.csv", b",x\n0,1\n", "empty_column_name", 1),
    "too few fields": ("a.csv", b"id,x\n1,2\n3\n", "ragged_row", 3),
    "too many fields": ("a.csv", b"id,x\n1,2\n3,4\n5,6,7\n", "ragged_row", 4),
    "ragged after quoted newline": ("a.csv", b'id,x\n1,"a\nb"\n3\n', "ragged_row", 4),
    "unclosed quote": ("a.csv", b'id,x\n1,"a\n2,b\n', "bad_quote", 2),
    "text after quote": ("a.csv", b'id,x\n1,a\n2,"b"c\n', "bad_quote", 3),
    "NUL byte": ("a.csv", b"id,x\n1,a\n2,\x00\n", "nul_bytes", 3),
    "half UTF-8, half Latin-1": ("a.csv", "id,ä\n1,ü\n".encode() + "2,é\n".encode("latin-1"), "not_utf8", 3),
    "Cyrillic": ("a.csv", "id,x\n1,Привет\n".encode("cp1251"), "not_utf8", 2),
    "DOS letters": ("a.csv", "id,x\n1,Köln\n2,Mühe\n".encode("cp850"), "encoding", 3),
    "Polish letters": ("a.csv", "id,x\n1,Wałęsa\n".encode("cp1250"), "not_utf8", 2),
    "undefined in Windows-1252": ("a.csv", b"id,x\n1,\xe9\n2,\x81\n", "encoding", 3),
    "UTF-8 cut within a character": ("a.csv", "id,x\n1,a\n2,é".encode()[:-1], "not_utf8", 3),
    "gzip cut short": ("a.csv.gz", gzip.compress(GOOD.encode() * 99)[:-12], "bad_gzip", None),
    "gzip not gzip": ("a.csv.gz", GOOD.encode(), "bad_gzip", None),
    "gzip of nothing": ("a.csv.gz", gzip.compress(b""), "empty_file", None),
    "zstd not zstd": ("a.csv.zst", GOOD.encode(), "bad_zstd", None),
    "gzip under a plain name": ("a.csv", gzip.compress(GOOD.encode()), "wrong_format", None),
    "truncated Parquet": ("a.parquet", parquet(a=[1, 2])[:-9], "parquet_truncated", None),
    "four bytes of Parquet": ("a.parquet", b"PAR1", "parquet_truncated", None),
    "CSV named Parquet": ("a.parquet", GOOD.encode(), "wrong_format", None),
    "Parquet named CSV": ("a.csv", parquet(a=[1]), "wrong_format", None),
    "empty Parquet": ("a.parquet", parquet(a=pa.array([], pa.int64())), "header_only", None),
    "binary column": ("a.parquet", parquet(a=[b"\x00\xff"]), "unsupported_type", None),
    "pickle": ("a.csv", pickle.dumps([1]), "wrong_format", None),
    "Arrow IPC": ("a.csv", b"ARROW1\x00\x00" + bytes(99), "wrong_format", None),
    "workbook": ("a.csv", b"PK\x03\x04\x14\x00", "wrong_format", None),
    "pickle in gzip": ("a.csv.gz", gzip.compress(pickle.dumps([1])), "wrong_format", None),
    "JSON cut short": ("a.jsonl", b'{"a":1}\n{"a":\n', "json_malformed", 2),
    "JSON scalars": ("a.jsonl", b'{"a":1}\n5\n', "json_shape", 2),
    "JSON duplicate key": ("a.jsonl", b'{"a":1,"a":2}\n', "json_shape", 1),
    "not JSON": ("a.json", b"\nid,x\n", "json_malformed", 2),
    "JSON array cut short": ("a.json", b'[{"a":1},', "json_malformed", None),
    "empty JSON array": ("a.json", b"[]", "header_only", None),
    "4,097 columns": (
        "a.csv",
        b",".join(b"c%d" % i for i in range(4097)) + b"\n" + b",".join([b"1"] * 4097) + b"\n",
        "too_many_columns",
        1,
    ),
    "endless header": ("a.csv", b"a" * 300_000, "header_too_long", 1),
    "3 MB field": ("a.csv", b"id,x\n1,a\n2," + b"y" * 3_000_000 + b"\n", "line_too_long", 3),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file(bench: Any, case: str) -> None:
    name, data, code, line = BROKEN[case]
    result = bench.ingest({name: data})
    (bad,) = result.files
    assert bad.state is FileState.QUARANTINED
    assert bad.reason is not None
    assert (bad.reason.code, bad.reason.line) == (code, line)
    assert bad.reason.message.endswith((".", "…"))
    assert bad.reason.hint or bad.reason.remedies
    assert (result.parts, result.rows, result.contract) == ((), 0, None)


@pytest.mark.parametrize("case", [case for case, (_, _, code, _) in BROKEN.items() if code == "empty_file"])
def test_an_empty_file_is_called_as_large_as_it_is(bench: Any, case: str) -> None:
    name, data, _, _ = BROKEN[case]
    (bad,) = bench.ingest({name: data}).files
    assert ("(0 bytes)" in bad.reason.message) == (not data)


def test_broken_files_do_not_stop_the_others(bench: Any) -> None:
    files = [bench.stage("first.csv", GOOD)]
    for case, (name, data, _, _) in BROKEN.items():
        files.append(bench.stage(name, data, id=case))
        files.append(bench.stage("good.csv", GOOD, id=f"after {case}"))
    result = bench.ingest(files)
    good = [outcome for outcome in result.files if outcome.state is FileState.COMMITTED]
    assert [outcome.id for outcome in good] == ["first.csv", *(f"after {case}" for case in BROKEN)]
    assert result.rows == 2 * len(good)
    assert len(result.parts) == 1
    assert sum(span.rows for span in result.parts[0].part.files) == result.rows


ODD: dict[str, tuple[str, bytes]] = {
    "no newline at the end": ("a.csv", GOOD.strip().encode()),
    "CRLF": ("a.csv", GOOD.replace("\n", "\r\n").encode()),
    "CR": ("a.csv", GOOD.replace("\n", "\r").encode()),
    "mixed line ends": ("a.csv", b"id,x\r\n1,1.5\n2,2.5\r\n"),
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + GOOD.encode()),
    "UTF-16": ("a.csv", GOOD.encode("utf-16")),
    "big-endian UTF-16": ("a.csv", b"\xfe\xff" + GOOD.encode("utf-16-be")),
    "gzip": ("a.csv.gz", gzip.compress(GOOD.encode())),
    "two gzip members": (
        "a.csv.gz",
        gzip.compress(GOOD[:8].encode()) + gzip.compress(GOOD[8:].encode()),
    ),
    "zstd": ("a.csv.zst", pa.compress(GOOD.encode(), "zstd", asbytes=True)),
    "blank lines": ("a.csv", b"id,x\n\n1,1.5\n\n2,2.5\n\n"),
    "tabs": ("a.tsv", GOOD.replace(",", "\t").encode()),
    "colons": ("a.csv", GOOD.replace(",", ":").encode()),
    "carets": ("a.csv", GOOD.replace(",", "^").encode()),
    "unit separators": ("a.csv", GOOD.replace(",", "\x1f").encode()),
    "apostrophes": ("a.csv", b"'id','x'\n'1','1.5'\n'2','2.5'\n"),
    "UTF-16 without mark": ("a.csv", GOOD.encode("utf-16-le")),
    "big-endian UTF-16 without mark": ("a.csv", GOOD.encode("utf-16-be")),
    "UTF-32": ("a.csv", GOOD.encode("utf-32")),
    "JSON with a mark": ("a.json", b'\xef\xbb\xbf{"id":1,"x":1.5}\n{"id":2,"x":2.5}\n'),
    "JSON in UTF-16": ("a.json", b'{"id":1,"x":1.5}\n{"id":2,"x":2.5}\n'.decode().encode("utf-16")),
    "semicolons and commas": ("a.csv", GOOD.replace(",", ";").replace(".", ",").encode()),
    "pipes": ("a.csv", GOOD.replace(",", "|").encode()),
    "all quoted": ("a.csv", b'"id","x"\n"1","1.5"\n"2","2.5"\n'),
    "other column order": ("a.csv", b"x,id\n1.5,1\n2.5,2\n"),
    "JSON lines": ("a.jsonl", b'{"id":1,"x":1.5}\n{"id":2,"x":2.5}\n'),
    "JSON array": ("a.json", b'[{"id":1,"x":1.5},\n{"x":2.5,"id":2}]'),
    "Parquet": ("a.parquet", parquet(id=[1, 2], x=[1.5, 2.5])),
    "Parquet, narrow types": (
        "a.parquet",
        parquet(id=pa.array([1, 2], pa.int8()), x=pa.array([1.5, 2.5], pa.float32())),
    ),
    "Parquet, floats for whole numbers": ("a.parquet", parquet(id=[1.0, 2.0], x=[1.5, 2.5])),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_file_is_read_exactly(bench: Any, case: str) -> None:
    contract = bench.ingest({"first.csv": GOOD}).contract
    name, data = ODD[case]
    result = bench.ingest({name: data}, contract)
    assert result.files[0].reason is None
    frame = bench.frame(result)
    assert frame["id"].tolist() == [1, 2]
    assert frame["x"].tolist() == [1.5, 2.5]
    assert not result.contract_changed


WIDE: dict[str, tuple[pa.Array, list[object]]] = {
    "a database's key": (
        pa.array([Decimal(2**60 + 1), None, Decimal(-3)], pa.decimal128(38, 0)),
        [2**60 + 1, None, -3],
    ),
    "a short key": (pa.array([Decimal(7), Decimal(8), Decimal(9)], pa.decimal128(5, 0)), [7, 8, 9]),
    "unsigned": (pa.array([2**53 + 1, 1, 2], pa.uint64()), [2**53 + 1, 1, 2]),
    "a key beyond 64 bits": (
        pa.array([Decimal(10**30 + 1), None, Decimal(-3)], pa.decimal128(38, 0)),
        [str(10**30 + 1), None, "-3"],
    ),
    "unsigned beyond 64 bits": (pa.array([2**64 - 1, 1, 2], pa.uint64()), ["18446744073709551615", "1", "2"]),
    "an amount": (pa.array([Decimal("1.10"), Decimal("-2.25"), None], pa.decimal128(18, 2)), [1.1, -2.25, None]),
}


@pytest.mark.parametrize("case", WIDE)
def test_whole_numbers_of_a_database_stay_exact(bench: Any, case: str) -> None:
    values, expected = WIDE[case]
    first = bench.ingest({"a.parquet": parquet(id=[1, 2, 3], key=values)})
    assert first.files[0].reason is None
    found = bench.frame(first)["key"]
    assert [None if pd.isna(value) else value for value in found] == expected
    again = bench.ingest({"b.parquet": parquet(id=[4, 5, 6], key=values)}, first.contract)
    assert again.files[0].reason is None
    assert not again.contract_changed


def test_a_whole_number_beyond_64_bits_is_called_so(bench: Any) -> None:
    contract = bench.ingest({"a.csv": "id\n1\n2\n"}).contract
    for name, data in {
        "b.csv": b"id\n18446744073709551615\n",
        "b.parquet": parquet(id=pa.array([2**64 - 1], pa.uint64())),
        "c.parquet": parquet(id=pa.array([Decimal(10**30)], pa.decimal128(38, 0))),
    }.items():
        reason = bench.ingest({name: data}, contract).files[0].reason
        assert reason.code == "bad_value"
        assert "has more than the 64 bits of a whole number" in reason.message


def test_damaged_parquet_is_told_without_our_own_paths(bench: Any) -> None:
    data = parquet(x=[float(i) for i in range(500)])
    (bad,) = bench.ingest({"a.parquet": data[:500] + bytes(200) + data[700:]}).files
    assert bad.reason.code == "parquet_damaged"
    assert "/" not in bad.reason.message


def test_quoted_line_ends_survive_mixed_ones(bench: Any) -> None:
    result = bench.ingest({"a.csv": b'id,t\r\n1,"a\r\nb\nc"\n2,d\r\n'})
    assert bench.frame(result)["t"].tolist() == ["a\r\nb\nc", "d"]
    assert any("line end" in notice for notice in result.files[0].notices)


VALUES: dict[str, tuple[str, str, str]] = {
    "fraction for a whole number": ("i", "1.5", "bad_value"),
    "beyond 64 bits": ("i", "9223372036854775808", "bad_value"),
    "word for a number": ("x", "abc", "bad_value"),
    "thousands separator": ("x", '"1,234.5"', "bad_value"),
    "underscores": ("i", "1_000", "bad_value"),
    "hexadecimal": ("i", "0x10", "bad_value"),
    "word for a boolean": ("b", "perhaps", "bad_value"),
    "no such day": ("d", "2026-02-30", "bad_value"),
    "time for a date": ("d", "2026-01-31T10:00:00", "bad_value"),
    "endless date": ("d", "infinity", "bad_value"),
    "five-digit year": ("d", "10000-1-01", "bad_value"),
    "named zone": ("t", "2026-01-31T10:00:00 Europe/Berlin", "bad_value"),
}
TYPED = "i,x,b,d,t,s\n1,1.5,true,2026-01-31,2026-01-31T10:00:00,a\n2,2.5,false,2026-01-30,2026-01-30T10:00:00,b\n"


def row(**cells: str) -> str:
    plain = {"i": "7", "x": "7.5", "b": "true", "d": "2026-01-01", "t": "2026-01-01 08:00:00"}
    return ",".join({**plain, "s": "z", **cells}.values()) + "\n"


@pytest.mark.parametrize("case", VALUES)
def test_value_that_does_not_fit_is_named(bench: Any, case: str) -> None:
    contract = bench.ingest({"first.csv": TYPED}).contract
    column, value, code = VALUES[case]
    text = "i,x,b,d,t,s\n" + row() * 150 + row(**{column: value}) + row()
    (outcome,) = bench.ingest({"a.csv": text}, contract).files
    assert outcome.state is FileState.QUARANTINED
    assert (outcome.reason.code, outcome.reason.line, outcome.reason.column) == (code, 152, column)
    assert value.strip('"') in outcome.reason.message


SPELLINGS: dict[str, tuple[str, str, object]] = {
    "largest whole number": ("i", "9223372036854775807", 2**63 - 1),
    "beyond 2**53": ("i", "9007199254740993", 2**53 + 1),
    "pandas float": ("i", "7.0", 7),
    "leading zeros": ("i", "007", 7),
    "tiny": ("x", "5e-324", 5e-324),
    "yes": ("b", "yes", True),
    "German day": ("d", "31.12.2026", "2026-12-31"),
    "short day": ("d", "2026-1-5", "2026-01-05"),
    "midnight": ("d", "2026-01-31 00:00:00", "2026-01-31"),
    "first year": ("d", "0001-01-01", "0001-01-01"),
    "last year": ("d", "9999-12-31", "9999-12-31"),
    "zulu": ("t", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00"),
    "offset": ("t", "2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00"),
    "short offset": ("t", "2026-01-31T10:00-05", "2026-01-31T15:00:00"),
    "spaced offset": ("t", "2026-01-31 10:00:00 +02:00", "2026-01-31T08:00:00"),
    "microseconds": ("t", "2026-01-31 10:00:00.123456", "2026-01-31T10:00:00.123456"),
    "day alone": ("t", "2026-01-31", "2026-01-31T00:00:00"),
    "quoted separator": ("s", '"a,b"', "a,b"),
    "quoted quote": ("s", '"a""b"', 'a"b'),
    "quoted nothing": ("s", '""', ""),
    "nothing": ("s", "", None),
    "NA is text": ("s", "NA", "NA"),
    "spaces": ("s", "  a ", "  a "),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_value_is_read_exactly(bench: Any, case: str) -> None:
    contract = bench.ingest({"first.csv": TYPED}).contract
    column, value, expected = SPELLINGS[case]
    result = bench.ingest({"a.csv": "i,x,b,d,t,s\n" + row(**{column: value})}, contract)
    assert result.files[0].reason is None
    found = bench.frame(result)[column].tolist()[0]
    if column in {"d", "t"}:
        found = found.isoformat()[: 10 if column == "d" else None]
    assert found == expected


@pytest.mark.parametrize("column", ["i", "x", "b", "d", "t"])
@pytest.mark.parametrize("word", ["", '""', "NA", "null", "NaN", " "])
def test_words_for_missing(bench: Any, column: str, word: str) -> None:
    contract = bench.ingest({"first.csv": TYPED}).contract
    result = bench.ingest({"a.csv": "i,x,b,d,t,s\n" + row(**{column: word})}, contract)
    assert result.files[0].reason is None
    assert bench.frame(result)[column].isna().tolist() == [True]


def test_type_change_after_row_100_000_is_not_coerced(bench: Any) -> None:
    contract = bench.ingest({"first.csv": "i\n1\n"}).contract
    data = "i\n" + "1\n" * 100_000 + "2.5\n" + "1\n"
    (outcome,) = bench.ingest({"a.csv": data}, contract).files
    assert (outcome.reason.code, outcome.reason.line) == ("bad_value", 100_002)


def test_line_is_that_of_the_file_even_after_texts_of_several_lines(bench: Any) -> None:
    contract = bench.ingest({"first.csv": "i,s\n1,a\n"}).contract
    data = 'i,s\n1,"a\nb\n\nc"\n\n2,"d\ne"\nx,f\n'
    (outcome,) = bench.ingest({"a.csv": data}, contract).files
    assert outcome.reason.line == 9
    assert data.splitlines()[8] == "x,f"
    for name, packed in (("a.csv", b"\xef\xbb\xbf" + data.encode()), ("a.csv", data.encode("utf-16"))):
        (outcome,) = bench.ingest({name: packed}, contract).files
        assert outcome.reason.line == 9
    (outcome,) = bench.ingest({"a.csv": b"\xef\xbb\xbfi,s\n1,a\n2\n3,c\n"}, contract).files
    assert (outcome.reason.code, outcome.reason.line) == ("ragged_row", 3)


def test_reject_budget_lets_good_rows_in(bench: Any) -> None:
    contract = bench.ingest({"first.csv": GOOD}).contract
    contract = msgspec.structs.replace(contract, reject_budget=0.5)
    text = "id,x\n1,1.5\nbad,2\n3\n4,4.5,9\n5,5.5\n6,6.5\n"
    result = bench.ingest({"a.csv": text}, contract)
    (outcome,) = result.files
    assert (outcome.state, outcome.rows, outcome.rejected_rows) == (FileState.COMMITTED, 3, 3)
    assert [(r.code, r.line) for r in outcome.rejects] == [
        ("bad_value", 3),
        ("ragged_row", 4),
        ("ragged_row", 5),
    ]
    assert bench.frame(result)["id"].tolist() == [1, 5, 6]
    tighter = msgspec.structs.replace(contract, reject_budget=0.49)
    (outcome,) = bench.ingest({"a.csv": text}, tighter).files
    assert outcome.state is FileState.QUARANTINED
    assert outcome.reason.message.startswith("3 of 6 rows are wrong")
