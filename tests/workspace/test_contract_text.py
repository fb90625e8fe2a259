"""Contracts as text: comments stay, and what is wrong is told with line, key and the nearest valid word."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shopfloor.client.setup import config_validate, init_workspace
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Rule, RuleSeverity
from shopfloor.domain.errors import ConfigError
from shopfloor.workspace.contract_text import rendered
from shopfloor.workspace.contracts import parse_contract

_TEXT = """# head
mode = "append" # why
reject_budget = 0.1
revision = 1

[columns]
# the id
id = "integer" # comment id
# price
price = { type = "number", min = 0, max = 1e3, severity = "reject_row" } # money
day = {type="date", min = 2020-01-01}
gone = "text"
[columns."odd name"]
type = "integer" # typed
values = [1, 2]
# between
[[conditions]] # c
sql = "price > id" # here
"""


def test_a_contract_that_did_not_change_is_not_touched() -> None:
    assert rendered(parse_contract("d", _TEXT, "d.toml"), _TEXT) == _TEXT


def test_a_changed_contract_keeps_every_comment() -> None:
    read = parse_contract("d", _TEXT, "d.toml")
    columns = [column for column in read.columns if column.name != "gone"]
    changed = msgspec.structs.replace(
        read, columns=(*columns, Column(name="new", type=ColumnType.TEXT, optional=True)), revision=2
    )
    text = rendered(changed, _TEXT)
    assert [line for line in _TEXT.splitlines() if "gone" not in line and "revision" not in line] == [
        line for line in text.splitlines() if "new" not in line and "revision" not in line
    ]
    again = parse_contract("d", text, "d.toml")
    # A plain key has to stand before the first table of its own.
    assert sorted(again.columns, key=lambda one: one.name) == sorted(changed.columns, key=lambda one: one.name)
    assert msgspec.structs.replace(again, columns=changed.columns) == changed


def test_bounds_may_be_dates() -> None:
    read = parse_contract("d", _TEXT, "d.toml")
    assert read.rules[1] == Rule(column="day", min="2020-01-01")
    assert read.rules[0].severity is RuleSeverity.REJECT_ROW


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mode = "x"', "line 1: key 'mode' cannot be 'x'. Valid: 'append', 'snapshot', 'upsert'."),
        ('[volume]\nseverity = "reject_row"', "line 2: key 'volume.severity' cannot be 'reject_row'."),
        ("[volume]\nmin_rows = 9\nmax_rows = 3", "line 3: key 'volume.max_rows' is less than min_rows."),
        (
            '[columns]\n\na = {type = "integer", severity = "reject row"}',
            "line 3: key 'columns.a.severity' cannot be 'reject row'. Did you mean 'reject_row'?",
        ),
        ('[columns]\nz = "int"', "line 2: key 'columns.z' cannot be 'int'. Did you mean 'integer'?"),
        ('[columns]\nz = {type = "text", min = 3}', "line 2: key 'columns.z.min' makes no sense"),
        ('[columns]\nz = {type = "date", min = 3}', "line 2: key 'columns.z.min' is no date."),
        ('[columns]\nz = {type = "integer", values = ["a"]}', "key 'columns.z.values' has 'a', which is no integer."),
        ('[[conditions]]\nsql = "a"\n[[conditions]]\nsq = "b"', "line 4 has an unknown key 'conditions[2].sq'."),
        ('[columns.a]\ntype = "date"\nmin = 2021-01-01\nmax = 2020-01-01', "line 4: key 'columns.a.max' is less"),
        ("[freshness]\nhours = -1", "line 2: key 'freshness.hours' must not be negative."),
        ('key = ["b"]\n[columns]\na = "text"', "line 1: key 'key' names a column 'b'"),
        ('mode = "upsert"', "line 1: key 'mode' is 'upsert', which needs a key."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_contract("d", text, "d.toml")
    assert said in str(caught.value)


def test_config_validate_knows_sql_and_patterns(tmp_path: Path) -> None:
    root = init_workspace(tmp_path / "w")
    (root / "datasets").mkdir(exist_ok=True)
    (root / "datasets/good.toml").write_text('[columns]\na = "integer"\n[[conditions]]\nsql = "a > 1"\n')
    assert config_validate(root) == []
    (root / "datasets/sql.toml").write_text('[columns]\na = "integer"\n[[conditions]]\nname = "odd"\nsql = "b > 1"\n')
    (root / "datasets/look.toml").write_text("[columns]\na = { type = 'text', pattern = '(?=a)' }\n")
    look, sql = config_validate(root)
    assert "datasets/look.toml: key 'columns.a.pattern' is not a regular expression" in look
    assert "datasets/sql.toml: key 'conditions[1].sql (odd)' names a column 'b'" in sql
