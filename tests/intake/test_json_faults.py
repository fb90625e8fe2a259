"""JSON lines go by the rules of all formats: a line that is no object is a row at fault, with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.soak import times

from shopfloor.domain.file import FileState
from shopfloor.formats.kinds import json as json_format
from shopfloor.formats.reasons.remedies import WITHOUT

HELD, IN = FileState.QUARANTINED, FileState.COMMITTED
BAD = {
    '{"id": 3, "x": ': "json_malformed",
    "[1, 2]": "json_shape",
    "7": "json_shape",
    '{"id": 3}{"id": 4}': "json_malformed",
    '{"id": 3, "id": 4}': "json_shape",
    "id=3": "json_malformed",
}


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_no_object_is_a_rejected_row(bench: Any, line: str) -> None:
    text = f'{{"id": 1, "x": 1.5}}\n\n{{"id": 2, "x": 2.5}}\n{line}\n{{"id": 5, "x": 5.5}}\n'
    contract = bench.ingest({"first.jsonl": '{"id": 1, "x": 1.5}\n'}).contract
    for known in (None, contract):
        (outcome,) = bench.ingest({"a.jsonl": text}, known).files
        assert (outcome.state, outcome.reason.code, outcome.reason.line) == (HELD, BAD[line], 4)
        assert WITHOUT in outcome.reason.remedies
        result = bench.ingest({"a.jsonl": text}, known, accepted=True)
        (outcome,) = result.files
        assert (outcome.state, outcome.rows, outcome.rejected_rows, outcome.records) == (IN, 3, 1, 4)
        assert [(one.line, one.record) for one in outcome.rejects] == [(4, line)]
        assert bench.frame(result)["id"].tolist() == [1, 2, 5]
    lenient = msgspec.structs.replace(contract, reject_budget=0.25)
    assert bench.ingest({"a.jsonl": text}, lenient).files[0].rejected_rows == 1
    tight = msgspec.structs.replace(contract, reject_budget=0.2)
    assert bench.ingest({"a.jsonl": text}, tight).files[0].state is HELD


def test_lines_and_values_at_fault_are_counted_together(bench: Any) -> None:
    contract = bench.ingest({"first.jsonl": '{"id": 1}\n'}).contract
    contract = msgspec.structs.replace(contract, reject_budget=0.5)
    text = '{"id": 1}\n{"id": \n{"id": "x"}\n{"id": 4}\n'
    (outcome,) = bench.ingest({"a.jsonl": text}, contract).files
    assert (outcome.state, outcome.rows, outcome.rejected_rows) == (IN, 2, 2)
    assert [(one.code, one.line) for one in outcome.rejects] == [("json_malformed", 2), ("bad_value", 3)]
    (outcome,) = bench.ingest({"a.jsonl": text + "x\n"}, contract).files
    assert outcome.reason.message.startswith("3 of 5 rows are wrong")


def test_a_csv_that_comes_first_is_accepted_without_its_bad_rows(bench: Any) -> None:
    text = "id,x\n1,1.5\n2\n3,3.5\n"
    (outcome,) = bench.ingest({"a.csv": text}).files
    assert (outcome.state, outcome.reason.line) == (HELD, 3)
    result = bench.ingest({"a.csv": text}, accepted=True)
    assert bench.frame(result)["id"].tolist() == [1, 3]
    assert result.contract.reject_budget == 0


@pytest.mark.parametrize(
    ("entry", "line"),
    [('{"id": 3, "x": }', 4), ('{"id": 3 "x": 1}', 4), ('{"id": 3}\n{"id": 4}', 5), ("nothing", 4)],
)
@pytest.mark.parametrize("window", [16, 1 << 20])
def test_an_array_says_where_it_breaks_off(
    bench: Any, monkeypatch: pytest.MonkeyPatch, entry: str, line: int, window: int
) -> None:
    monkeypatch.setattr(json_format, "_WINDOW", window)
    text = f'[\n{{"id": 1, "x": "a]"}},\n{{"id": 2}},\n{entry},\n{{"id": 5}}\n]'
    (outcome,) = bench.ingest({"a.json": text}).files
    assert (outcome.reason.code, outcome.reason.line) == ("json_malformed", line)


@pytest.mark.parametrize("window", [16, 1 << 20])
@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("7", "entry 3 is not an object"),
        ("[1, 2]", "entry 3 is not an object"),
        ('"a, ]"', "entry 3 is not an object"),
        ('{"id": 3, "id": 4}', "entry 3 has the same key twice"),
    ],
)
def test_an_entry_of_an_array_that_is_no_object_is_a_rejected_row(
    bench: Any, monkeypatch: pytest.MonkeyPatch, window: int, entry: str, why: str
) -> None:
    monkeypatch.setattr(json_format, "_WINDOW", window)
    text = f'[{{"id": 1, "x": 1.5}},\n{{"id": 2,\n "x": 2.5}}, {entry},\n{{"id": 5, "x": "oops"}}, {{"id": 6, "x": 6}}]'
    contract = bench.ingest({"first.jsonl": '{"id": 1, "x": 1.5}\n'}).contract
    for known in (None, contract):
        (outcome,) = bench.ingest({"a.json": text}, known).files
        assert (outcome.state, outcome.reason.code, outcome.reason.line) == (HELD, "json_shape", 3)
        assert why in outcome.reason.message
        assert WITHOUT in outcome.reason.remedies
    result = bench.ingest({"a.json": text}, contract, accepted=True)
    (outcome,) = result.files
    assert (outcome.state, outcome.rows, outcome.rejected_rows, outcome.records) == (IN, 3, 2, 5)
    assert [(one.code, one.line, one.row) for one in outcome.rejects] == [("json_shape", 3, 3), ("bad_value", None, 4)]
    assert bench.frame(result)["id"].tolist() == [1, 2, 6]


OURS = {
    '{"id": 3, "x": ': "a value is missing (character 15)",
    "id=3": "a value is missing (character 1)",
    '{"id": 3}{"id": 4}': "something follows its end (character 10)",
    "{id: 3}": "a name in double quotes is missing (character 2)",
    '{"id" 3}': "a colon is missing (character 7)",
    '{"id": 3 "x": 4}': "a comma or the end is missing (character 10)",
    '{"id": "3}': "a text has no end (character 8)",
    '{"id": "a\tb"}': "a text holds a control character, which is written as \\u and four digits (character 10)",
    r'{"id": "\q"}': "there is no such escape (character 9)",
    r'{"id": "\u12"}': "there is no such escape (character 10)",
    '{"id": ' + "[" * 5000 + "}": "it is nested too deeply",
}


@pytest.mark.parametrize("line", OURS, ids=range(len(OURS)))
def test_a_fault_is_told_in_our_own_words_with_its_place(bench: Any, line: str) -> None:
    (outcome,) = bench.ingest({"a.jsonl": f'{{"id": 1}}\n{line}\n'}).files
    assert outcome.reason.message == f"Line 2 is not valid JSON: {OURS[line]}."
    (outcome,) = bench.ingest({"a.json": f'[{{"id": 1}},\n{line},\n{{"id": 2}}]'}).files
    if "follows" not in OURS[line] and "no end" not in OURS[line]:  # which the lines below go on with
        assert outcome.reason.message == f"Line 2 is not valid JSON: in entry 2 {OURS[line].partition(' (')[0]}."


LINES = st.one_of(
    st.integers(0, 9).map(lambda number: json.dumps({"id": number})),
    st.sampled_from([*BAD, "", " "]),
    st.text(st.sampled_from('{}[]":,1ai '), max_size=8),
)


@settings(max_examples=times(30, 80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=st.lists(LINES, min_size=1, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_lines_all_are_counted(make_bench: Callable[[], Any], lines: list[str], end: str) -> None:
    bench = make_bench()
    contract = bench.ingest({"first.jsonl": '{"id": 1}\n'}).contract
    (outcome,) = bench.ingest({"a.jsonl": '{"id": 1}' + end + end.join(lines)}, contract, accepted=True).files
    full = sum(bool(line.strip()) for line in lines) + 1
    if outcome.state is IN:
        assert outcome.rows + outcome.rejected_rows == outcome.records == full
