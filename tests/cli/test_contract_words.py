"""A contract tells how files and columns are written."""

from __future__ import annotations

from shopfloor.cli.output.contracts import describe
from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, Parser


def test_parser_and_formats_are_shown() -> None:
    contract = Contract(
        name="d",
        columns=(Column(name="day", type=ColumnType.DATE, format="%d/%m/%Y"),),
        parser=Parser(delimiter="\t", encoding="windows-1250", skip_lines=2),
    )
    shown = describe(contract, 80)
    assert "date as %d/%m/%Y" in shown
    assert "delimiter tab, encoding windows-1250, skip_lines 2" in shown
