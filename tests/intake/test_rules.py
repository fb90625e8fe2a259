"""Rules against a plain-Python oracle: what is accepted, what is rejected, where and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.soak import times

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Condition, Contract, Parser, Rule, RuleSeverity, Volume
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.file import FileState

_COLUMNS = (
    Column(name="i", type=ColumnType.INTEGER),
    Column(name="x", type=ColumnType.NUMBER),
    Column(name="d", type=ColumnType.DATE),
    Column(name="t", type=ColumnType.TEXT),
)
_words = st.sampled_from(["a", "b", "ab", "ba", "x1", ""])
_days = st.dates(date(2020, 1, 1), date(2020, 1, 9))
_rows = st.tuples(
    st.none() | st.integers(-5, 5),
    st.none() | st.sampled_from([-1.5, 0.0, 0.25, 2.0, 1e9]),
    st.none() | _days,
    st.none() | _words,
)
_severity = st.sampled_from([RuleSeverity.REJECT_ROW, RuleSeverity.WARN])
_rules = st.fixed_dictionaries(
    {},
    optional={
        "i": st.builds(
            Rule,
            column=st.just("i"),
            min=st.none() | st.integers(-5, 5) | st.just(0.5),
            max=st.none() | st.integers(-5, 5),
            values=st.none() | st.lists(st.integers(-5, 5).map(str), min_size=1, max_size=4).map(tuple),
            not_null=st.booleans(),
            unique=st.booleans(),
            severity=_severity,
        ),
        "x": st.builds(
            Rule, column=st.just("x"), min=st.none() | st.just(0), max=st.none() | st.just(1.5), severity=_severity
        ),
        "d": st.builds(
            Rule,
            column=st.just("d"),
            min=st.none() | _days.map(date.isoformat),
            max=st.none() | _days.map(date.isoformat),
            severity=_severity,
        ),
        "t": st.builds(
            Rule,
            column=st.just("t"),
            values=st.none() | st.lists(_words, min_size=1, max_size=3).map(tuple),
            pattern=st.none() | st.sampled_from(["a.*", "[ab]+", ".", ""]),
            unique=st.booleans(),
            severity=_severity,
        ),
    },
)


def _breaks(rule: Rule, value: Any) -> bool:
    """Whether one value breaks a rule, uniqueness aside."""
    if value is None:
        return rule.not_null
    low = date.fromisoformat(rule.min) if isinstance(rule.min, str) else rule.min
    high = date.fromisoformat(rule.max) if isinstance(rule.max, str) else rule.max
    return (
        (low is not None and value < low)
        or (high is not None and value > high)
        or (rule.values is not None and str(value) not in rule.values)
        or (rule.pattern is not None and re.fullmatch(rule.pattern, str(value)) is None)
    )


def _oracle(rows: list[tuple[Any, ...]], rules: list[Rule], ordered: bool) -> list[tuple[Any, ...]]:
    """The rows that pass: rules of single rows first, then each rule of uniqueness in turn."""
    strict = [rule for rule in rules if rule.severity is RuleSeverity.REJECT_ROW]
    position = {column.name: i for i, column in enumerate(_COLUMNS)}
    left = [row for row in rows if not any(_breaks(rule, row[position[rule.column]]) for rule in strict)]
    if ordered:
        left = [row for row in left if row[0] is None or row[1] is None or row[0] <= row[1]]
    for rule in strict:
        if rule.unique:
            seen: set[Any] = set()
            kept = []
            for row in left:
                value = row[position[rule.column]]
                if value is None or value not in seen:
                    kept.append(row)
                seen.add(value)
            left = kept
    return left


def _csv(rows: list[tuple[Any, ...]]) -> str:
    lines = [",".join('""' if value == "" else "" if value is None else str(value) for value in row) for row in rows]
    return "\n".join(["i,x,d,t", *lines]) + "\n"


@settings(max_examples=times(50, 120), deadline=None)
@given(rows=st.lists(_rows, min_size=1, max_size=12), rules=_rules, ordered=st.booleans())
def test_accepted_rows_are_those_of_the_oracle(
    make_bench: Callable[[], Any], rows: list[tuple[Any, ...]], rules: dict[str, Rule], ordered: bool
) -> None:
    bench = make_bench()
    conditions = (Condition(sql="i <= x", severity=RuleSeverity.REJECT_ROW),) if ordered else ()
    contract = Contract(
        name="d", columns=_COLUMNS, rules=tuple(rules.values()), conditions=conditions, reject_budget=1.0
    )
    result = bench.ingest({"a.csv": _csv(rows)}, contract)
    wanted = _oracle(rows, list(rules.values()), ordered)
    outcome = result.files[0]
    assert outcome.rows == len(wanted)
    assert outcome.rows + outcome.rejected_rows == len(rows)
    assert len(outcome.rejects) == outcome.rejected_rows
    lines = _csv(rows).splitlines()
    for reject in outcome.rejects:
        assert reject.line is not None
        assert reject.record == lines[reject.line - 1]
    if wanted:
        paths = [part.path for part in bench.parts(result)]
        assert bench.connection.execute("SELECT * FROM read_parquet(?)", [paths]).fetchall() == wanted


def _one(bench: Any, text: str, contract: Contract, **more: Any) -> Any:
    return bench.ingest({"a.csv": text}, contract, **more).files[0]


def _contract(*rules: Rule, **more: Any) -> Contract:
    return Contract(name="d", columns=_COLUMNS, rules=rules, **more)


def test_a_reject_tells_line_column_raw_value_and_reason(bench: Any) -> None:
    contract = _contract(Rule(column="x", max=9, severity=RuleSeverity.REJECT_ROW), reject_budget=0.5)
    outcome = _one(bench, "i,x,d,t\n1,2.50,,a\n2,1e1,2020-01-01,b\n3,oops,,c\n4,1,,d\n", contract)
    assert outcome.state is FileState.COMMITTED
    assert (outcome.rows, outcome.rejected_rows) == (2, 2)
    assert [(one.line, one.column, one.value, one.code, one.record) for one in outcome.rejects] == [
        (3, "x", "1e1", "rule", "2,1e1,2020-01-01,b"),
        (4, "x", "oops", "bad_value", "3,oops,,c"),
    ]
    assert "breaks the rule max = 9" in outcome.rejects[0].message


def test_rejects_are_bounded_and_the_count_is_whole(bench: Any) -> None:
    contract = _contract(Rule(column="i", min=0, severity=RuleSeverity.REJECT_ROW), reject_budget=1.0)
    text = "i,x,d,t\n" + "\n".join(f"{-n},0,,{'y' * 5000 if n == 1 else 'a'}" for n in range(3001)) + "\n"
    outcome = _one(bench, text, contract)
    assert (outcome.rows, outcome.rejected_rows, len(outcome.rejects)) == (1, 3000, 1000)
    assert len(outcome.rejects[0].record) <= 1000


def test_lines_stay_true_after_bad_values_in_a_big_file(bench: Any) -> None:
    contract = _contract(Rule(column="i", min=0, severity=RuleSeverity.REJECT_ROW), reject_budget=0.5)
    rows = [f"{n},0,,{'z' * 60}" for n in range(60_000)]
    rows[10], rows[20], rows[50_000] = "ten,0,,a", "-20,0,,b", "-50000,0,,c"
    outcome = _one(bench, "i,x,d,t\n" + "\n".join(rows) + "\n", contract)
    assert [(one.line, one.value) for one in outcome.rejects] == [(12, "ten"), (22, "-20"), (50_002, "-50000")]


def test_a_quarantined_file_lists_every_row_that_broke_the_rule(bench: Any) -> None:
    outcome = _one(bench, "i,x,d,t\n1,0,,a\n-1,0,,a\n-2,0,,a\n", _contract(Rule(column="i", min=0)))
    assert outcome.state is FileState.QUARANTINED
    assert outcome.reason.line == 3
    assert [one.line for one in outcome.rejects] == [3, 4]
    assert outcome.rejected_rows == 2


def test_a_condition_names_itself(bench: Any) -> None:
    condition = Condition(sql="i <= x", name="i below x")
    outcome = _one(bench, "i,x,d,t\n1,2,,a\n3,2,,a\n,2,,a\n", _contract(conditions=(condition,)))
    assert outcome.reason.code == "condition"
    assert outcome.reason.message == "Line 3 breaks the condition 'i below x'."
    warned = _one(
        bench, "i,x,d,t\n3,2,,a\n", _contract(conditions=(Condition(sql="i <= x", severity=RuleSeverity.WARN),))
    )
    assert warned.state is FileState.COMMITTED
    assert "1 row breaks a rule. The first: Line 2 breaks the condition 'i <= x'." in warned.notices


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        (_contract(conditions=(Condition(sql="i > (SELECT 1)", name="odd"),)), r"key 'conditions\[1\].sql \(odd\)'"),
        (_contract(Rule(column="t", pattern="(?=a)")), "key 'columns.t.pattern' is not a regular expression"),
        (_contract(Rule(column="z", min=1)), "key 'columns.z' is not a column"),
        (_contract(conditions=(Condition(sql="t::INTEGER > 1"),)), "the rule t::INTEGER > 1 cannot be checked"),
    ],
)
def test_a_rule_that_cannot_work_names_file_and_rule(bench: Any, contract: Contract, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _one(bench, "i,x,d,t\n1,0,,a\n", contract)


def test_unique_looks_into_older_parts_even_from_before_the_column_joined(bench: Any) -> None:
    first = bench.ingest({"a.csv": "i,x\n1,1\n"}, Contract(name="d", columns=_COLUMNS[:2]))
    bench.parts(first)
    parts = tuple(staged.part for staged in first.parts)
    rules = (Rule(column="t", unique=True), Rule(column="i", unique=True))
    outcome = bench.ingest({"b.csv": "i,x,d,t\n2,1,,a\n"}, _contract(*rules), previous=parts).files[0]
    assert outcome.state is FileState.COMMITTED
    again = bench.ingest({"c.csv": "i,x,d,t\n1,1,,b\n"}, _contract(*rules), previous=parts).files[0]
    assert again.reason.message == "Line 2, column 'i': '1' breaks the rule unique."


def test_a_file_that_is_held_makes_no_row_of_another_a_repetition(bench: Any) -> None:
    contract = _contract(
        Rule(column="i", unique=True, severity=RuleSeverity.REJECT_ROW), Rule(column="x", max=9), reject_budget=0.5
    )
    result = bench.ingest({"a.csv": "i,x,d,t\n1,99,,a\n", "b.csv": "i,x,d,t\n1,0,,a\n"}, contract)
    assert [outcome.state for outcome in result.files] == [FileState.QUARANTINED, FileState.COMMITTED]
    assert result.files[1].rows == 1


@pytest.mark.parametrize(
    ("volume", "history", "said"),
    [
        (Volume(min_rows=3), (), "The file has 2 rows; volume.min_rows requires at least 3."),
        (Volume(max_rows=1), (), "The file has 2 rows; volume.max_rows allows at most 1."),
        (Volume(band=0.5), (10,) * 4, None),
        (Volume(band=0.5), (10, 9, 11, 10, 1000), "the median of the last 5 files is 10, and volume.band = 0.5"),
        (Volume(band=0.5), (2, 2, 3, 2, 9), None),
    ],
)
def test_volume(bench: Any, volume: Volume, history: tuple[int, ...], said: str | None) -> None:
    text = "i,x,d,t\n1,0,,a\n2,0,,a\n"
    outcome = _one(bench, text, _contract(volume=volume), history=history)
    assert (outcome.reason is None) == (said is None)
    assert said is None or (outcome.reason.code == "volume" and said in outcome.reason.message)


def test_volume_may_only_warn(bench: Any) -> None:
    outcome = _one(
        bench, "i,x,d,t\n1,0,,a\n", _contract(volume=Volume(min_rows=3, severity=RuleSeverity.WARN)), history=()
    )
    assert outcome.state is FileState.COMMITTED
    assert outcome.notices == ("The file has 1 row; volume.min_rows requires at least 3.",)


@pytest.mark.parametrize(("day", "accepted"), [("2020-01-09T23:59:00", True), ("2020-01-10T00:00:00", False)])
def test_a_day_as_the_upper_bound_of_a_time_is_the_whole_day(bench: Any, day: str, accepted: bool) -> None:
    contract = Contract(
        name="d",
        columns=(Column(name="at", type=ColumnType.TIMESTAMP),),
        rules=(Rule(column="at", min="2020-01-01", max="2020-01-09"),),
    )
    outcome = _one(bench, f"at\n{day}\n", contract)
    assert (outcome.state is FileState.COMMITTED) == accepted


def test_typed_files_tell_the_row(bench: Any, tmp_path: Any) -> None:
    path = tmp_path / "a.parquet"
    bench.connection.execute(f"COPY (SELECT 1 AS i, 99.0 AS x, DATE '2020-01-01' AS d, 'a' AS t) TO '{path}'")
    contract = _contract(Rule(column="x", max=9, severity=RuleSeverity.REJECT_ROW), reject_budget=1.0)
    reject = bench.ingest({"a.parquet": path.read_bytes()}, contract).files[0].rejects[0]
    assert (reject.line, reject.row, reject.value) == (None, 1, "99.0")
    assert reject.record == '{"i":1,"x":99.0,"d":"2020-01-01","t":"a"}'


def test_lines_skipped_before_the_header_count_in_rejects(bench: Any) -> None:
    contract = _contract(
        Rule(column="i", min=0, severity=RuleSeverity.REJECT_ROW),
        reject_budget=1.0,
        parser=Parser(skip_lines=2, delimiter=";", quote="'"),
    )
    outcome = _one(bench, "made by\nan export\ni;x;d;t\n-1;0;;'a;b'\nno;0;;c\n5;0;;d\n", contract)
    assert [(one.line, one.value, one.record) for one in outcome.rejects] == [
        (4, "-1", "-1;0;;'a;b'"),
        (5, "no", "no;0;;c"),
    ]
