"""Any table, written with any delimiter, quote, line end, encoding and packing, comes back equal."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.dialect import check_parser
from shopfloor.domain.errors import UsageError
from shopfloor.domain.file import FileState

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DELIMITERS = (",", ";", "\t", "|", "^", "~", ":", " ", "\x1f", "#", "!")
ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp1250", "cp1251",
    "cp850", "shift_jis", "gb18030",
)  # fmt: skip
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}
COLUMNS = (
    Column(name="i", type=ColumnType.INTEGER),
    Column(name="x", type=ColumnType.NUMBER),
    Column(name="b", type=ColumnType.BOOLEAN),
    Column(name="text of it", type=ColumnType.TEXT),
)
CONTRACT = Contract(name="d", columns=COLUMNS)


def encodable(encoding: str) -> st.SearchStrategy[str]:
    """Text without NUL that the encoding holds, and gives back unchanged."""

    def kept(text: str) -> bool:
        try:
            return text.encode(encoding).decode(encoding) == text
        except UnicodeError:
            return False

    # NUL would be binary data; a mark at the start of a text is taken for the file's.
    letters = st.characters(exclude_categories=("Cs",), exclude_characters="\x00\ufeff")
    common = st.sampled_from("aé\"' ,;\n\r\t").filter(kept)
    return st.text(st.one_of(common, letters.filter(kept)), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Parser, str, list[list[Any]]]:
    encoding = draw(st.sampled_from(ENCODINGS))
    quote = draw(st.sampled_from("\"'`"))
    text = encodable(encoding)
    row = st.tuples(
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        text,
    )
    rows = [list(each) for each in draw(st.lists(row, min_size=1, max_size=8))]
    parser = Parser(
        delimiter=draw(st.sampled_from(DELIMITERS)),
        quote=quote,
        encoding=encoding,
        decimal=draw(st.sampled_from((".", ","))),
        skip_lines=draw(st.sampled_from((0, 0, 1, 3))),
    )
    return parser, draw(st.sampled_from(("\n", "\r\n"))), rows


def written(parser: Parser, end: str, rows: Sequence[Sequence[Any]]) -> bytes:
    """The file as another program would write it: all text is quoted, numbers with their mark."""
    out = io.StringIO(newline="")
    out.write(f"a note, \"with all; kinds' of{end}" * parser.skip_lines)
    writer = csv.writer(
        out, delimiter=parser.delimiter, quotechar=parser.quote, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC
    )
    writer.writerow([column.name for column in COLUMNS])
    for i, x, b, text in rows:
        number = "" if x is None else repr(x).replace(".", parser.decimal)
        writer.writerow(["" if i is None else str(i), number, "" if b is None else str(b).lower(), text])
    return out.getvalue().encode(parser.encoding)


@MANY
@given(table=tables(), packing=st.sampled_from(list(PACKINGS)), at_once=st.booleans())
def test_any_dialect_comes_back_equal(make_bench: Callable[[], Any], table: Any, packing: str, at_once: bool) -> None:
    parser, end, rows = table
    bench = make_bench()
    data = PACKINGS[packing](written(parser, end, rows))
    # The settings are the contract's, or those of this one file.
    contract = Contract(name="d", columns=COLUMNS, parser=parser) if at_once else CONTRACT
    file = bench.stage(f"a.csv{packing}", data, parser=None if at_once else parser)
    result = bench.ingest([file], contract)
    assert result.files[0].reason is None, result.files[0].reason
    frame = bench.frame(result)
    for column, position in (("i", 0), ("x", 1), ("b", 2), ("text of it", 3)):
        found = [None if missing else value for value, missing in zip(frame[column], frame[column].isna(), strict=True)]
        assert found == [row[position] for row in rows], column


WESTERN = st.text("abcxyz ,;éèüößñçÄÖ€“”", max_size=20)


@MANY
@given(rows=st.lists(WESTERN, min_size=1, max_size=10))
def test_western_text_is_read_as_such_or_held(make_bench: Callable[[], Any], rows: list[str]) -> None:
    """Text in Windows-1252 comes back equal with a notice, or it is held; it never comes in changed.

    But for the rare bytes that are sound UTF-8 as well: nobody can tell what was meant.
    A column with nothing but blanks has no values yet.
    """
    assume(any(row.strip() for row in rows))
    bench = make_bench()
    text = "id,s\n" + "".join(f'{n},"{row}"\n' for n, row in enumerate(rows))
    data = text.encode("cp1252")
    assume(text.isascii() or not _is_utf8(data))
    result = bench.ingest({"a.csv": data})
    (outcome,) = result.files
    if outcome.state is FileState.COMMITTED:
        assert [value or "" for value in bench.frame(result)["s"].fillna("")] == rows
        assert text.isascii() == (not outcome.notices)
    else:
        assert outcome.reason.code == "not_utf8"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_quotes_as_ordinary_text(bench: Any) -> None:
    parser = Parser(quote="none", delimiter=";")
    file = bench.stage("a.csv", 'id;s\n1;5" pipe\n2;"open\n3;it\'s\n', parser=parser)
    result = bench.ingest([file])
    assert bench.frame(result)["s"].tolist() == ['5" pipe', '"open', "it's"]
    assert any("2 lines hold some, which stay in the values" in notice for notice in result.files[0].notices)
    plain = bench.stage("b.csv", "id;s\n1;it's\n", parser=parser)
    assert not any("Quote marks" in notice for notice in bench.ingest([plain]).files[0].notices)


def test_lines_are_those_of_the_delivered_file(bench: Any) -> None:
    contract = Contract(name="d", columns=COLUMNS[:2], parser=Parser(skip_lines=2, delimiter=":", quote="'"))
    for bad, code in (("x:1", "bad_value"), ("1:2:3", "ragged_row"), ("1:'a'b", "bad_quote")):
        (outcome,) = bench.ingest({"a.csv": f"a 'note\nand: more\ni:x\n1:2.5\n{bad}\n3:1\n"}, contract).files
        assert (outcome.reason.code, outcome.reason.line) == (code, 5)
    (outcome,) = bench.ingest({"a.csv": "one\ntwo\n"}, contract).files
    assert (outcome.reason.code, "2 lines" in outcome.reason.message) == ("header_only", True)


@pytest.mark.parametrize(
    ("parser", "said"),
    [
        (Parser(delimiter="::"), "delimiter is one character"),
        (Parser(delimiter="\n"), "delimiter is one character"),
        (Parser(quote="''"), "quote is one character"),
        (Parser(quote=",", delimiter=","), "same character"),
        (Parser(decimal=";"), "not a decimal mark"),
        (Parser(encoding="klingon"), "no text encoding"),
        (Parser(encoding="base64"), "no text encoding"),
        (Parser(skip_lines=-1), "skip_lines is -1"),
    ],
)
def test_settings_that_cannot_work(parser: Parser, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_parser(parser)


def test_words_for_delimiters() -> None:
    assert [check_parser(Parser(delimiter=word)).delimiter for word in ("tab", "\\t", "\\x1f", "pipe", "^")] == [
        "\t", "\t", "\x1f", "|", "^",
    ]  # fmt: skip


def test_one_column_of_times_stays_one(bench: Any) -> None:
    for text in ("time\n10:05\n11:30\n", "a:b\n10:05\nx\n", "full name\nAnn Lee\nBob Ray\n"):
        assert len(bench.ingest({"a.csv": text}).columns) == 1
    contract = bench.ingest({"a.csv": "a:b\n10\n11:30\n"}).contract
    assert bench.ingest({"b.csv": "a:b\n10:05\n11:30\n"}, contract).files[0].reason is None


def test_the_encoding_of_a_contract_is_not_that_of_json(bench: Any) -> None:
    contract = bench.ingest({"a.csv": "id,s\n1,x\n"}).contract
    contract = msgspec.structs.replace(contract, parser=Parser(encoding="windows-1252"))
    result = bench.ingest({"a.jsonl": '{"id":1,"s":"Müller"}\n'}, contract)
    assert bench.frame(result)["s"].tolist() == ["Müller"]
    said = bench.ingest({"a.csv": "id,s\n1,Müller\n"}, contract).files[0]
    assert "look like UTF-8" in said.notices[0]
    said = bench.ingest({"a.csv": "id,s\n1,Müller\n".encode("cp1252")}, contract).files[0]
    assert (said.reason, said.notices) == (None, ())


PREAMBLES = {
    "empty cells": (",,\n,,\n", 2),
    "a title": ("Pump report of 2026\n", 1),
    "a title and an empty line": ("Pump report\n\n", 2),
    "a title in a wide line": ('"Pumps, all",,\n,,\n', 2),
    "empty lines and a title": ("\n\nPump report\n", 3),
}


@pytest.mark.parametrize("case", PREAMBLES)
@pytest.mark.parametrize("mark", [",", ";"])
def test_a_preamble_is_held_with_the_number_of_lines_to_skip(bench: Any, case: str, mark: str) -> None:
    above, lines = PREAMBLES[case]
    table = 'station,pump,"flow\nl/min"\nA,1,20.5\nB,2,21.5\nC,1,19.0\n'
    data = (above + table).replace(",", mark)
    (outcome,) = bench.ingest({"a.csv": data}).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_below", lines + 1)
    assert outcome.reason.remedies[0].settings == (("skip_lines", str(lines)),)
    result = bench.ingest([bench.stage("a.csv", data, parser=Parser(skip_lines=lines))])
    assert bench.frame(result)["station"].tolist() == ["A", "B", "C"]
    contract = bench.ingest({"first.csv": table}).contract
    (outcome,) = bench.ingest({"b.csv": "Pumps,all,of them\n" + table}, contract).files
    assert (outcome.reason.code, outcome.reason.line) == ("header_below", 2)


@pytest.mark.parametrize(
    "text", ["note\na;b\nc\nd;e\n", "a\nx\ny\nz\nw\n", "a,b\nx,y\nz,w\nu,v\n", ",x\na,b\nc,d\ne,f\ng,h\n"]
)
def test_a_first_line_that_may_be_a_header_is_taken_for_one(bench: Any, text: str) -> None:
    (outcome,) = bench.ingest({"a.csv": text}).files
    assert outcome.reason is None or outcome.reason.code == "empty_column_name"
