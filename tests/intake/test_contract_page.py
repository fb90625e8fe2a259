"""What docs/contracts.md shows is true: every example is a contract that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from shopfloor.domain.contract import MIN_HISTORY, Contract, RuleSeverity, SchemaPolicy
from shopfloor.domain.reject import MOST
from shopfloor.intake.contract.checks import check_rules_work
from shopfloor.intake.volume import REMEMBERED
from shopfloor.workspace.contracts import ColumnForm, ContractForm, parse_contract

_PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```toml\n(.*?)```", _PAGE, re.DOTALL)


@pytest.mark.parametrize("text", _EXAMPLES)
def test_every_example_works(connection: Any, text: str) -> None:
    contract = parse_contract("d", text, "docs/contracts.md")
    assert contract != Contract(name="d")
    check_rules_work(connection, contract)


def test_the_page_names_every_key_and_word() -> None:
    told = set(re.findall(r"[a-z_]+", " ".join(_EXAMPLES)))
    assert set(ColumnForm.__struct_fields__) - told == set()
    assert set(ContractForm.__struct_fields__) - told <= {"parser", "arrival", "revision"}
    for word in (*RuleSeverity, *SchemaPolicy):
        assert f"`{word.value}`" in _PAGE
    assert f"the last {REMEMBERED} files" in _PAGE
    assert f"at least {MIN_HISTORY} are committed" in _PAGE
    assert f"the first {MOST:,}" in _PAGE
