"""After `accept --types` the whole table reads back exactly, whatever the columns were and became."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.file import FileState
from shopfloor.lake.frame import read_parts
from shopfloor.lake.source import rows
from shopfloor.lake.sql import query
from shopfloor.lake.table import read_table

EXACT = 2**53
BEYOND = st.sampled_from([EXACT - 1, EXACT + 1, -EXACT - 1, 2**63 - 1, -(2**63)])
VALUES = {
    "whole": st.integers(-1000, 1000).map(str),
    "huge": BEYOND.map(str),
    "fraction": st.one_of(
        st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
        st.decimals(-1000, 1000, places=2).map(str),
    ),
    "day": st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(str),
    "time": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(microsecond=0).isoformat(sep=" ")
    ),
    "flag": st.sampled_from(["true", "false"]),
    "word": st.sampled_from(["abc", "n.a.", "007", "1e999", "ü,x", "9223372036854775808", " 5", "0x1f"]),
    "gap": st.just(""),
}
COLUMN = st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=2).flatmap(
    lambda kinds: st.lists(st.one_of([VALUES[kind] for kind in [*kinds, "gap"]]), min_size=2, max_size=6)
)


def _csv(values: list[str]) -> str:
    quoted = (f'"{value}"' if "," in value else value for value in values)
    return "id,x\n" + "".join(f"{number},{value}\n" for number, value in enumerate(quoted))


def _is(raw: str, before: ColumnType, after: ColumnType, found: Any, *, stored: bool) -> bool:
    """Whether `found` is what the text `raw` of a file says; `stored`: it was written as type `before`."""
    kind = before if stored else after
    if found is None:
        infinite = kind is ColumnType.NUMBER and raw == "1e999"
        return raw == "" or infinite or (kind is not ColumnType.TEXT and raw == "NA")
    if after is not ColumnType.TEXT:
        said = _value(raw, after)
        return bool(found == (datetime(said.year, said.month, said.day) if type(said) is date else said))  # noqa: DTZ001
    if not stored or before is ColumnType.TEXT:
        return bool(found == raw)
    return bool(_value(str(found), before) == _value(raw, before))


def _value(raw: str, kind: ColumnType) -> Any:
    if kind.numeric:
        # A whole number is never rounded; a fraction is the nearest double, as everywhere, and 2.0 is 2.
        return int(raw) if raw.strip().lstrip("+-").isdigit() else float(raw)
    if kind is ColumnType.BOOLEAN:
        return raw in {"true", "1"}
    at = datetime.fromisoformat(raw)
    return at.date() if kind is ColumnType.DATE else at


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=COLUMN, second=COLUMN)
def test_the_whole_table_reads_back_exactly(
    make_bench: Callable[[], Any], connection: Any, first: list[str], second: list[str]
) -> None:
    bench = make_bench()
    one = bench.ingest({"one.csv": _csv(first)})
    assert one.files[0].state is FileState.COMMITTED
    stored = bench.parts(one)
    previous = tuple(staged.part for staged in one.parts)
    held = bench.ingest({"two.csv": _csv(second)}, one.contract, previous=previous, columns=one.columns)
    two = held
    if held.files[0].state is not FileState.COMMITTED:
        assert held.files[0].reason.code == "bad_value"
        waived = msgspec.structs.replace(one.contract, reject_budget=1.0)
        two = bench.ingest(
            {"two.csv": _csv(second)}, waived, previous=previous, columns=one.columns, widen=one.contract
        )
    assert two.files[0].state is FileState.COMMITTED, two.files[0].reason
    assert two.rows == len(second)
    before, after = one.columns[1].type, two.columns[1].type
    parts = [*stored, *bench.parts(two)]
    found = read_table(parts, two.columns, ["x"]).column("x").to_pylist()
    for number, (raw, value) in enumerate(zip([*first, *second], found, strict=True)):
        assert _is(raw, before, after, value, stored=number < len(first)), (raw, value, before, after)
    shown = [_shown(value) for value in found]
    framed = read_parts(parts, two.columns)["x"].astype(object)
    assert [_shown(None if pd.isna(value) else value) for value in framed] == shown
    # SQL promises no order.
    asked = query(parts, two.columns, "SELECT x FROM dataset").column("x").to_pylist()
    assert sorted(map(_shown, asked)) == sorted(shown)
    kinds = [(column, column.type) for column in two.columns]
    compared = connection.execute(f"SELECT c1 FROM ({rows(connection, parts, kinds)})").fetchall()
    assert sorted(_shown(value) for (value,) in compared) == sorted(shown)


def _shown(value: Any) -> str:
    return str(value.isoformat() if isinstance(value, date) else value).removesuffix("T00:00:00")


EPOCH = "t,x\n1764547200,1\n1764633600,2\n"


@pytest.mark.parametrize("later", ["t,x\nyesterday,3\n", "t,x\n2026-01-31,3\n"])
def test_the_time_column_of_a_model_or_a_dataset_never_becomes_text(bench: Any, later: str) -> None:
    one = bench.ingest({"one.csv": EPOCH})
    waived = msgspec.structs.replace(one.contract, reject_budget=1.0)
    asked = {"previous": tuple(staged.part for staged in one.parts), "columns": one.columns}
    bench.parts(one)
    (held,) = bench.ingest({"two.csv": later}, waived, widen=one.contract, times={"t": "late"}, **asked).files
    assert (held.state, held.reason.code, held.reason.column) == (FileState.QUARANTINED, "time_blocked", "t")
    assert "model late" in held.reason.message
    ruled = msgspec.structs.replace(one.contract, time="t")
    (held,) = bench.ingest({"two.csv": later}, waived, widen=ruled, **asked).files
    assert held.reason.code == "type_blocked"
    free = bench.ingest({"two.csv": later}, waived, widen=one.contract, times={"x": "late"}, **asked)
    assert free.columns[0].type is ColumnType.TEXT
