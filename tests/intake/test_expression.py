"""Conditions: one expression over the columns is let through, everything else is refused with its reason."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.errors import ConfigError
from shopfloor.intake.contract.expression import expression

_COLUMNS = (
    Column(name="arrival", type=ColumnType.TIMESTAMP),
    Column(name="departure", type=ColumnType.TIMESTAMP),
    Column(name="Odd name", type=ColumnType.NUMBER),
    Column(name="text", type=ColumnType.TEXT),
    Column(name="n", type=ColumnType.INTEGER),
)


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("arrival >= departure", "(k0 >= k1)"),
        ('"Odd name" BETWEEN 0 AND n', "(k2 BETWEEN 0 AND k4)"),
        ("Arrival IS NULL OR TEXT LIKE 'x%'", "((k0 IS NULL) OR (k3 ~~ 'x%'))"),
        ("n > 1 -- a remark", "(k4 > 1)"),
        ("departure <= now()", None),
        ("departure::DATE <= current_date", None),
        ("extract(year FROM departure) > 2000", None),
        ("CASE WHEN n > 1 THEN text IN ('a', 'b') ELSE true END", None),
        ("TRY_CAST(text AS INTEGER) > 3", None),
        ("coalesce(n, 0) % 2 = 0 AND NOT (text = '' OR length(trim(text)) > 9)", None),
        ("text SIMILAR TO 'a.*'", None),
        ("arrival - departure < INTERVAL 1 DAY", None),
    ],
)
def test_an_expression_over_columns_is_let_through(connection: Any, sql: str, made: str | None) -> None:
    assert expression(connection, sql, _COLUMNS) == made or made is None


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "is not a SQL expression"),
        ("n >", "is not a SQL expression"),
        ("n + 1", "this gives BIGINT"),
        ("m > 1", "names a column 'm'"),
        ("t.n > 1", "names a column 't.n'"),
        ("n > 1, n > 2", "must be a single expression"),
        ("n > 1 AS x", "must be a single expression"),
        ("n > 1; SELECT 1", "must be a single expression"),
        ("1 = 1 FROM read_csv('/etc/passwd')", "must be a single expression"),
        ("n > 1 UNION SELECT true", "must be a single expression"),
        ("n > 1 LIMIT 1", "must be a single expression"),
        ("n > 1) OR (true", "is not a SQL expression"),
        ("EXISTS (SELECT 1 FROM read_text('/etc/passwd'))", "may not hold a subquery"),
        ("n > (SELECT 1)", "may not hold a subquery"),
        ("n IN (SELECT 1)", "may not hold a subquery"),
        ("row_number() OVER () = 1", "may not hold a window"),
        ("sum(n) > 1", "may not call 'sum'"),
        ("count(*) > 1", "may not call"),
        ("current_setting('threads') = 1", "may not call 'current_setting'"),
        ("getvariable('x') = 1", "may not call 'getvariable'"),
        ("random() > 0.5", "may not call 'random'"),
        ("length(repeat(text, 1000000000)) > 1", "may not call 'repeat'"),
        ("list_filter([n], x -> x > 1) = [n]", "may not"),
        ("COLUMNS(*) > 1", "may not hold"),
        ("* = 1", "may not hold a star"),
        ("$1 = n", "may not hold a parameter"),
        ("#1 = 1", "may not hold a positional reference"),
        ("n::STRUCT(a INTEGER) IS NULL", "may not hold the type STRUCT"),
        ("main.abs(n) > 1", "may not call 'abs'"),
        ("lenght(text) > 1", "Did you mean 'length'?"),
        ("text > 1 AND arrival + n", "does not fit"),
    ],
)
def test_anything_else_is_refused(connection: Any, sql: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        expression(connection, sql, _COLUMNS)
    assert said in str(caught.value)


_WORDS = [
    "n",
    "text",
    "(",
    ")",
    ",",
    ";",
    "'",
    "--",
    "/*",
    "*/",
    "SELECT",
    "FROM",
    ">",
    "1",
    "AND",
    "true",
    "read_text",
]


@settings(max_examples=150, deadline=None)
@given(sql=st.lists(st.sampled_from(_WORDS), max_size=9))
def test_no_text_does_anything_but_be_refused_or_be_an_expression(connection: Any, sql: list[str]) -> None:
    try:
        made = expression(connection, " ".join(sql), _COLUMNS)
    except ConfigError:
        return
    row = "SELECT NULL::TIMESTAMP AS k0, NULL::TIMESTAMP AS k1, 1.0 AS k2, 'x' AS k3, 1::BIGINT AS k4"
    try:
        found = connection.execute(f"SELECT {made} FROM ({row})").fetchall()
    except duckdb.ConversionException:
        return  # a value is at fault, such as the text 'x' as a boolean: told as such when files come
    assert len(found) == 1
