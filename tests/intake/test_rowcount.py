"""Rows are counted over the bytes: what was read adds up to it, or the file is held."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.soak import times

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.file import FileState
from shopfloor.domain.job import JobKind, JobRecord
from shopfloor.formats import quoting
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.rowcount import count_delimited
from shopfloor.intake.balance import check_balance
from shopfloor.intake.job import IntakeHandler
from shopfloor.intake.parts import spans_of

MANY = settings(max_examples=times(50, 150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TEXTS = (Column(name="one", type=ColumnType.TEXT), Column(name="two", type=ColumnType.TEXT))
_NUMBERED = (Column(name="id", type=ColumnType.INTEGER), Column(name="text", type=ColumnType.TEXT))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HELD, IN = FileState.QUARANTINED, FileState.COMMITTED


def lenient(contract: Contract | None, budget: float = 1.0) -> Contract:
    assert contract is not None
    return msgspec.structs.replace(contract, reject_budget=budget)


@pytest.mark.parametrize("budget", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("others", ["plain", '"quoted"', '"of two\nlines"'])
def test_a_quote_that_never_closes_holds_the_whole_file(bench: Any, budget: float, others: str) -> None:
    contract = lenient(bench.ingest({"first.csv": "id,note\n1,a\n"}).contract, budget)
    rows = [f"{i},{others}" for i in range(1000)]
    rows[600] = '600,"open'
    text = "id,note\n" + "\n".join(rows) + "\n"
    line = text.split('600,"open')[0].count("\n") + 1
    for data in (text.encode(), text.encode("utf-16"), text.replace("\n", "\r\n").encode()):
        (outcome,) = bench.ingest({"a.csv": data}, contract).files
        assert (outcome.state, outcome.reason.code, outcome.reason.line) == (HELD, "bad_quote", line)
    assert bench.ingest({"a.csv": text}).files[0].reason.line == line  # as a first file, too


def test_text_after_a_quote_on_one_line_is_a_row_like_any_other(bench: Any) -> None:
    contract = lenient(bench.ingest({"first.csv": "id,note\n1,a\n"}).contract, 0.5)
    (outcome,) = bench.ingest({"a.csv": 'id,note\n1,"a"b\n2,c\n3,"d"\n'}, contract).files
    assert (outcome.state, outcome.rows, outcome.rejected_rows) == (IN, 2, 1)


CELLS = st.text(st.sampled_from('ab",;\n \\\r'), max_size=6)


@MANY
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30),
    quoting_=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    chunk=st.integers(1, 40),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_is_counted_right_wherever_a_chunk_ends(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, quoting_: Any, chunk: int, end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=quoting_, lineterminator=end)
    writer.writerow(["one", "two"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("count") / "a.csv"
    path.write_bytes(out.getvalue().encode())
    before = quoting.CHUNK
    quoting.CHUNK = chunk
    try:
        found = count_delimited(path, 2, delimiter=",", quote='"')
    finally:
        quoting.CHUNK = before
    assert (found.rows, found.unclosed, found.malformed) == (len(rows), None, None)


@MANY
@given(
    text=st.text(st.sampled_from('a1",\n '), max_size=60),
    budget=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_whatever_the_bytes_all_rows_are_counted_or_the_file_is_held(
    make_bench: Callable[[], Any], text: str, budget: float
) -> None:
    contract = Contract(name="d", columns=_TEXTS, reject_budget=budget)
    bench = make_bench()
    (outcome,) = bench.ingest({"a.csv": "one,two\n" + text}, contract).files
    if outcome.state is IN:
        assert outcome.records == outcome.rows + outcome.rejected_rows
    else:
        assert outcome.reason.code != "parser_crashed"


def test_what_does_not_add_up_is_held(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopfloor.formats.kinds import csv as delimited

    real = delimited.count_delimited

    def one_more(*args: Any, **more: Any) -> Any:
        found = real(*args, **more)
        found.rows += 1
        return found

    contract = lenient(bench.ingest({"first.csv": "id,note\n1,a\n"}).contract)
    monkeypatch.setattr(delimited, "count_delimited", one_more)
    (outcome,) = bench.ingest({"a.csv": "id,note\n1,a\n2,b\n"}, contract).files
    assert (outcome.state, outcome.reason.code) == (HELD, "rows_do_not_add_up")
    assert "3 rows, but 2 were read and 0 rejected" in outcome.reason.message


def test_blank_lines_above_the_header_are_passed_over(bench: Any) -> None:
    for width, text in ((2, "\n\na,b\n1,2\n"), (1, "\na\n1\n"), (2, "\r\na,b\r\n1,2\r\n"), (1, "\ufeff\na\n1\n")):
        result = bench.ingest({"a.csv": text})
        assert result.files[0].rows == 1, text
        assert bench.frame(result)["a"].tolist() == [1]
        assert len(result.columns) == width
    contract = bench.ingest({"a.csv": "a,b\n1,2\n"}).contract
    (outcome,) = bench.ingest({"a.csv": "\n\na,b\n1,2\nx,2\n"}, contract).files
    assert outcome.reason.line == 5


SPARK = (
    "ticket,shop,stars,remark\n"
    '7001,Uppsala,4,"Clerk said \\"wait here\\", then left"\n'
    "7002,Lund,5,plain\n"
    '7003,Lund,2,"a 24\\" monitor"\n'
    '7004,Kiruna,3,"C:\\dir, \\\\server"\n'
    '7005,Kiruna,1,"no, thanks\\\\"\n'
)
REMARKS = ['Clerk said "wait here", then left', "plain", 'a 24" monitor', "C:\\dir, \\server", "no, thanks\\"]
MILD = 'ticket,shop,stars,remark\n7001,Uppsala,4,"ends with inch 12\\""\n7002,Lund,5,"fine"\n'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_escaped_quotes_are_found_out_where_the_bytes_prove_them(bench: Any, end: str) -> None:
    result = bench.ingest({"a.csv": SPARK.replace("\n", end)})
    assert result.files[0].reason is None
    assert bench.frame(result)["remark"].tolist() == REMARKS
    assert any("backslash" in notice for notice in result.files[0].notices)
    assert result.contract.parser.escape == "\\"
    mild = bench.ingest({"b.csv": MILD.replace("\n", end)})
    assert bench.frame(mild)["remark"].tolist() == ['ends with inch 12"', "fine"]
    # The contract says it for files that cannot prove it.
    later = bench.ingest({"c.csv": 'ticket,shop,stars,remark\n1,Lund,2,"a\\\\b"\n'}, result.contract)
    assert bench.frame(later)["remark"].tolist() == ["a\\b"]


def test_a_backslash_at_the_end_of_a_text_is_no_escape(bench: Any) -> None:
    text = 'id,dir\n1,"C:\\one\\"\n2,"C:\\two, of\nthem\\"\n3,"\\\\server"\n'
    result = bench.ingest({"a.csv": text})
    assert bench.frame(result)["dir"].tolist() == ["C:\\one\\", "C:\\two, of\nthem\\", "\\\\server"]
    assert result.contract.parser == Parser()


@MANY
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), st.text(st.sampled_from('ab"\\,\n\r'), max_size=8)), min_size=1, max_size=9
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    chunk=st.integers(1, 50),
)
def test_text_with_an_escape_character_comes_back_equal(
    make_bench: Callable[[], Any], rows: Any, end: str, chunk: int
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, doublequote=False, escapechar="\\", lineterminator=end)
    writer.writerow(["id", "text"])
    writer.writerows(rows)
    bench = make_bench()
    before = quoting.CHUNK
    quoting.CHUNK = chunk
    try:
        file = bench.stage("a.csv", out.getvalue(), parser=Parser(escape="\\"))
        result = bench.ingest([file], Contract(name="d", columns=_NUMBERED))
    finally:
        quoting.CHUNK = before
    assert result.files[0].reason is None
    assert bench.frame(result)["text"].tolist() == [text for _, text in rows]


def test_a_quote_fault_near_a_backslash_offers_the_escape(bench: Any) -> None:
    contract = bench.ingest({"a.csv": "ticket,shop,stars,remark\n1,a,1,x\n"}).contract
    for text in (SPARK + '7006,Lund,1,"open\n', SPARK + '7006,Lund,1,"a"b\n'):
        (outcome,) = bench.ingest({"a.csv": text}, contract).files
        assert outcome.reason.code == "bad_quote"
        assert ("escape", "\\") in outcome.reason.remedies[-1].settings


def test_a_file_that_does_not_add_up_is_held_alone(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shopfloor.intake import take

    def one_less(counts: dict[int, int], files: list[str]) -> Any:
        return spans_of({at: rows - (files[at] == "b.csv") for at, rows in counts.items()}, files)

    monkeypatch.setattr(take, "spans_of", one_less)
    files: dict[str, bytes | str] = {f"{name}.csv": f"id,x\n1,{at}\n2,{at}\n" for at, name in enumerate("abc")}
    result = bench.ingest(files)
    check_balance(result)
    assert [one.state for one in result.files] == [IN, HELD, IN]
    assert result.files[1].reason.code == "rows_do_not_add_up"
    assert bench.frame(result)["x"].tolist() == [0, 0, 2, 2]


def test_nothing_is_published_that_does_not_add_up(bench: Any) -> None:
    result = bench.ingest({"a.csv": "id,x\n1,1.5\n2,2.5\n"})
    check_balance(result)
    (outcome,) = result.files
    (part,) = result.parts
    lost = msgspec.structs.replace(part.part, files=(msgspec.structs.replace(part.part.files[0], rows=1),))
    wrong = [
        {"files": (msgspec.structs.replace(outcome, records=3),)},
        {"files": (msgspec.structs.replace(outcome, rows=1),)},
        {"parts": (msgspec.structs.replace(part, part=lost),)},
        {"parts": ()},
    ]
    for change in wrong:
        job = JobRecord(id="j1", kind=JobKind.INTAKE, subject="d", payload={"files": ["a.csv"]}, created_at=NOW)
        with pytest.raises(BadFile) as refused:
            IntakeHandler().publish(
                cast(Any, None), job, msgspec.to_builtins(msgspec.structs.replace(result, **change))
            )
        assert (refused.value.code, "a.csv" in str(refused.value)) == ("rows_do_not_add_up", True)
