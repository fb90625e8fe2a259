"""Text that came in before its column got a type is read as a file's would be, by format and words for "missing"."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser
from shopfloor.domain.errors import ConfigError

CASES: dict[str, tuple[list[str], Column, tuple[str, ...], list[str], list[str | None]]] = {
    "two-digit years": (
        ["31-OCT-25", "1-NOV-25"],
        Column(name="v", type=ColumnType.DATE, format="%d-%b-%y"),
        (),
        ["15-DEC-25"],
        ["2025-10-31", "2025-11-01", "2025-12-15"],
    ),
    "days in either order": (
        ["01/02/2026", "03/04/2026"],
        Column(name="v", type=ColumnType.DATE, format="%d/%m/%Y"),
        (),
        ["2026-05-06"],
        ["2026-02-01", "2026-04-03", "2026-05-06"],
    ),
    "declared words": (
        ["1", "k.A."],
        Column(name="v", type=ColumnType.INTEGER),
        ("k.A.",),
        ["k.A."],
        ["1", None, None],
    ),
    "a sign": (
        ["$1,234", "$5"],
        Column(name="v", type=ColumnType.NUMBER, format="$1,234.56"),
        (),
        ["$2.50"],
        ["1234.0", "5.0", "2.5"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_earlier_text_is_read_by_what_the_contract_says_now(bench: Any, case: str) -> None:
    first, column, missing, later, values = CASES[case]
    one = bench.ingest({"a.csv": "k;v\n" + "".join(f"x;{value}\n" for value in first)})
    assert one.columns[1].type is ColumnType.TEXT
    bench.parts(one)
    contract = Contract(name="d", columns=(one.columns[0], column), parser=Parser(missing=missing))
    asked = {"previous": tuple(staged.part for staged in one.parts), "columns": one.columns}
    two = bench.ingest({"b.csv": "k;v\n" + "".join(f"x;{value}\n" for value in later)}, contract, **asked)
    assert two.files[0].reason is None
    assert two.replaces_parts
    assert any("read again: 'v'" in notice for notice in two.notices)
    found = bench.frame(two)["v"].astype(object)
    assert [None if pd.isna(value) else str(value).removesuffix(" 00:00:00") for value in found] == values
    assert [span.file for staged in two.parts for span in staged.part.files] == ["a.csv", "b.csv"]
    three = bench.ingest(
        {"c.csv": f"k;v\ny;{later[0]}\n"},
        two.contract,
        previous=tuple(staged.part for staged in two.parts),
        columns=two.columns,
    )
    assert not three.replaces_parts


def test_earlier_text_that_is_no_such_value_makes_files_wait(bench: Any) -> None:
    one = bench.ingest({"a.csv": "k;v\nx;31-OCT-25\nx;soon\n"})
    bench.parts(one)
    column = Column(name="v", type=ColumnType.DATE, format="%d-%b-%y")
    contract = msgspec.structs.replace(one.contract, columns=(one.columns[0], column))
    previous = tuple(staged.part for staged in one.parts)
    with pytest.raises(ConfigError, match="1 value of earlier files does not fit that"):
        bench.ingest({"b.csv": "k;v\nx;1-NOV-25\n"}, contract, previous=previous, columns=one.columns)
