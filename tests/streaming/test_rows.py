"""Posts against a contract: what is accepted, what is rejected with which words, what refuses the post."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser, SchemaPolicy
from shopfloor.intake.streaming.rows import MOST_REPORTED, MalformedRows, PostedRows, RowCheck

COLUMNS = (
    Column(name="id", type=ColumnType.INTEGER, nullable=False),
    Column(name="x", type=ColumnType.NUMBER),
    Column(name="on", type=ColumnType.BOOLEAN),
    Column(name="day", type=ColumnType.DATE),
    Column(name="at", type=ColumnType.TIMESTAMP),
    Column(name="t", type=ColumnType.TEXT),
)


def check(policy: SchemaPolicy = SchemaPolicy.EVOLVE, **fields: Any) -> RowCheck:
    return RowCheck(Contract(name="d", columns=COLUMNS, schema_policy=policy, **fields))


def read(*lines: str, of: RowCheck | None = None) -> PostedRows:
    return (of or check()).read("".join(f"{line}\n" for line in lines).encode())


def test_without_a_contract_every_object_is_a_row() -> None:
    rows = RowCheck(None).read(b'{"a":1}\n{"b":[1,{"c":2}]}\n{}')
    assert (rows.rows, rows.rejected) == (3, 0)
    assert rows.payload == b'{"a":1}\n{"b":[1,{"c":2}]}\n{}\n'


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        (b'{"id":1}\n{"id":\n', 2, "it is not JSON"),
        (b'{"id":1}\n\n[1]\n', 3, "an array instead of an object"),
        (b'"text"\n', 1, "a text instead of an object"),
        (b'{"id":1}{"id":2}\n', 1, "it is not JSON"),
        (b'{"id":\n1}{"id":2}\n', 1, "it is not JSON"),
        (b'{"id":1,"t":"\xff"}\n', 1, "byte 14 is not UTF-8"),
        (b'{"id":1,"t":"\\ud800"}\n', 1, "it is not JSON"),
        (b'{"id":NaN}\n', 1, "it is not JSON"),
        (b'{"id":1}\n' + b'{"t":' + b"[" * 100_000 + b"\n", 2, "nested"),
        (b'\xef\xbb\xbf{"id":1}\n', 1, "it is not JSON"),
    ],
)
def test_a_line_that_is_no_object_refuses_the_post(body: bytes, line: int, what: str) -> None:
    with pytest.raises(MalformedRows, match=rf"(?is)Line {line} is not a row.*{what}") as caught:
        check().read(body)
    assert caught.value.line == line
    lenient = check().read_lines(body)
    assert lenient.rejects[0].line == line or lenient.rejected == 1


@pytest.mark.parametrize(
    ("value", "column", "good"),
    [
        ("1.0", "id", True), ('"12"', "id", True), ("1.5", "id", False), ("9223372036854775808", "id", False),
        ("true", "id", False), ('"12x"', "id", False), ("3", "x", True), ('"1e3"', "x", True), ("true", "x", False),
        ('"NA"', "x", True), ("1e400", "x", False), ("true", "on", True), ('"false"', "on", True), ("2", "on", False),
        ('"2026-02-28"', "day", True), ('"2026-02-30"', "day", False), ('"2026-01-01T10:00:00"', "day", False),
        ('"2026-01-01T10:00:00Z"', "at", True), ('"2026-01-01 10:00"', "at", True), ("5", "at", False),
        ('"soon"', "at", False), ('{"a":[1]}', "t", True), ("5", "t", True), ("null", "t", True),
    ],
)  # fmt: skip
def test_values(value: str, column: str, good: bool) -> None:
    row = f'{{"{column}":{value}' + ("}" if column == "id" else ',"id":1}')
    rows = read(row, '{"id":2}')
    assert rows.rows == 1 + good
    if not good:
        [reject] = rows.rejects
        assert (reject.line, reject.column) in {(1, column), (1, None)}
        assert rows.payload == b'{"id":2}\n'


def test_what_the_contract_asks_for() -> None:
    rows = read('{"x":1}', '{"id":null}', '{"id":1,"ID":2}', '{"id":4,"new":1}')
    assert [(one.line, one.column) for one in rows.rejects] == [(1, "id"), (2, "id"), (3, "ID")]
    assert rows.payload == b'{"id":4,"new":1}\n'


def test_a_strict_contract_wants_all_columns_and_no_others() -> None:
    whole = {"id": 1, "x": None, "on": None, "day": None, "at": None, "t": None}
    strict = check(SchemaPolicy.STRICT)
    rows = read(json.dumps(whole), json.dumps({**whole, "new": 1}), '{"id":1}', of=strict)
    assert rows.rows == 1
    assert [(one.line, one.column) for one in rows.rejects] == [(2, "new"), (3, "x")]


@pytest.mark.parametrize("others", ['"x":1', '"x":1,"on":true,"day":null,"at":null,"t":"\\":"'])
def test_a_key_that_is_there_twice_is_one_rejected_row_not_a_refused_delivery(others: str) -> None:
    """A decoder keeps the last value; the intake would hold the whole delivery."""
    good = f'{{"id":1,{others}}}'
    rows = read(good, f'{{"id":1,{others},"id" :2}}', good)
    assert rows.payload == f"{good}\n{good}\n".encode()
    assert [(one.line, one.column, one.message) for one in rows.rejects] == [(2, "id", "It is there twice.")]
    without = read(good, '{"a":1,"a":2}', of=RowCheck(None))
    assert (without.rows, [(one.line, one.column) for one in without.rejects]) == (1, [(2, "a")])


def test_many_rejects_are_counted_and_the_first_told() -> None:
    rows = read(*['{"id":"no"}'] * 500)
    assert (rows.rows, rows.rejected, len(rows.rejects)) == (0, 500, MOST_REPORTED)
    assert rows.payload == b""


def test_carriage_returns_and_blank_lines_do_not_count() -> None:
    rows = check().read(b'{"id":1}\r\n\r\n  \n{"id":2}')
    assert (rows.rows, rows.payload) == (2, b'{"id":1}\n{"id":2}\n')


values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["NA", "1", "true", "2026-01-01", "2026-1-1 1:02", "1e5", "", " 7 "]),
    st.datetimes().map(lambda at: at.replace(tzinfo=UTC).isoformat()), st.lists(st.integers(), max_size=2),
)  # fmt: skip
tables = st.lists(st.dictionaries(st.sampled_from([c.name for c in COLUMNS] + ["new"]), values), max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # drawing texts is slow on a loaded machine
@given(tables)
def test_the_quick_way_and_the_slow_way_agree(rows: list[dict[str, Any]]) -> None:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    both = check()
    quick, slow = both._at_once(body), both._one_by_one(body, False)
    assert quick is None or (quick.rows, quick.payload) == (slow.rows, slow.payload)
    assert slow.rows + slow.rejected == len(rows)


def test_times_that_are_accepted_are_those_of_the_calendar() -> None:
    assert read(json.dumps({"id": 1, "at": datetime(2024, 2, 29, tzinfo=UTC).isoformat()})).rows == 1
    assert read('{"id":1,"at":"2023-02-29T00:00:00Z"}').rejected == 1


def test_a_name_in_another_case_is_the_column_and_its_value_stays_as_it_was_written() -> None:
    rows = read('{"ID":1,"X":1.50,"t":"a\\u00e9"}', '{"id":2,"T":{"B":1}}')
    assert rows.payload == b'{"id":1,"x":1.50,"t":"a\\u00e9"}\n{"id":2,"t":{"B":1}}\n'
    assert rows.notices == ("Column names were matched without regard to case: 'ID' as 'id', 'X' as 'x', 'T' as 't'.",)


@pytest.mark.parametrize("contract", [None, Contract(name="d", columns=COLUMNS)])
def test_a_new_column_is_spelled_as_it_came_first(contract: Contract | None) -> None:
    check = RowCheck(contract)
    assert check.read(b'{"id":1,"New":1}\n{"id":2,"new":2}\n').payload == b'{"id":1,"New":1}\n{"id":2,"New":2}\n'
    assert check.read(b'{"id":3,"NEW":3}\n').payload == b'{"id":3,"New":3}\n'


def test_a_column_of_unknown_type_takes_whatever_comes() -> None:
    columns = (*COLUMNS, Column(name="late", type=ColumnType.UNKNOWN))
    check = RowCheck(Contract(name="d", columns=columns))
    rows = check.read(b'{"id":1,"late":5}\n{"id":2,"late":"x"}\n{"id":3,"late":null}\n')
    assert (rows.rows, rows.rejected) == (3, 0)


def test_a_renamed_column_arrives_under_the_contracts_name() -> None:
    check = RowCheck(Contract(name="d", columns=COLUMNS, parser=Parser(rename=("price=x",))))
    rows = check.read(b'{"id":1,"PRICE":1.5}\n{"id":2,"price":1,"x":2}\n')
    assert rows.payload == b'{"id":1,"x":1.5}\n'
    assert [(one.line, one.column) for one in rows.rejects] == [(2, "price")]
