"""JSON lines go by the rules of all formats: a line that is no object is a row at fault, with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopfloor.domain.file import FileState
from shopfloor.formats.kinds import json as json_format

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
        assert "shopfloor file accept ID" in outcome.reason.hint
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


LINES = st.one_of(
    st.integers(0, 9).map(lambda number: json.dumps({"id": number})),
    st.sampled_from([*BAD, "", " "]),
    st.text(st.sampled_from('{}[]":,1ai '), max_size=8),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=st.lists(LINES, min_size=1, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_lines_all_are_counted(make_bench: Callable[[], Any], lines: list[str], end: str) -> None:
    bench = make_bench()
    contract = bench.ingest({"first.jsonl": '{"id": 1}\n'}).contract
    (outcome,) = bench.ingest({"a.jsonl": '{"id": 1}' + end + end.join(lines)}, contract, accepted=True).files
    full = sum(bool(line.strip()) for line in lines) + 1
    if outcome.state is IN:
        assert outcome.rows + outcome.rejected_rows == outcome.records == full
