"""A file's columns against the contract's: which go where, and what the policy says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract, SchemaPolicy
from shopfloor.domain.text import listed, quoted, safe
from shopfloor.formats.cast_rule import CastRule
from shopfloor.formats.cast_rules import cast_rule
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.contracts import column_retyped, columns_changed
from shopfloor.formats.shape import Shape

Renames = Callable[[Sequence[int], Sequence[Column]], Sequence[tuple[str, str]]]
"""From positions of new columns and the missing ones to pairs (new, missing) of names that are probably one column."""

RESCUED = "_rescued"
PLACE = ("_file", "_row")
"""Where a rescued value stood: the file's id, and its row from 1; an underscore longer where a column is called so."""


@dataclass(frozen=True)
class Plan:
    """How files of one shape become rows of `contract`, which may have grown by new columns.

    `sources[i]` is the position of the contract's column i in the file, None when it is not there.
    `extras` are positions of columns that the contract does not know; `rescued` says that they go
    to the column `_rescued`, as JSON. `any_text` says that a person lets typed values become text.
    """

    shape: Shape
    contract: Contract
    sources: tuple[int | None, ...]
    extras: tuple[int, ...] = ()
    rescued: bool = False
    notices: tuple[str, ...] = ()
    any_text: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that the part will have: those present in the file, in contract order."""
        return self.contract.columns

    def cast_rules(self, *, first: bool = False) -> list[CastRule | None]:
        """How to read each column; None where the file does not have it."""
        return [
            None
            if source is None
            else cast_rule(
                self.shape.raw[source],
                column.type,
                decimal=self.shape.decimal,
                format=self.shape.governed(column).format,
                first=first,
                any_text=self.any_text,
                missing=self.shape.missing,
                grouped=self.shape.grouped,
            )
            for column, source in zip(self.contract.columns, self.sources, strict=True)
        ]


def arrange(
    contract: Contract,
    shape: Shape,
    infer_new: Callable[[Sequence[int]], Sequence[Column]],
    *,
    any_text: bool = False,
    renames: Renames = lambda added, missing: (),
) -> Plan:
    """The plan for files of `shape`. `infer_new` gives the types of columns at some positions, `renames`
    those of new and missing columns that are probably the same.

    Columns are matched by exact name, in any order. Raises `BadFile` when the policy does not
    allow the difference, and for a column whose type in the file cannot become the contract's.
    """
    known = {column.name for column in contract.columns}
    extras = tuple(i for i, column in enumerate(shape.names) if column not in known)
    missing = _missing(contract, shape)
    _check(contract, extras, missing, shape, renames)
    notices: list[str] = []
    grown = contract
    rescued = False
    if extras and contract.schema_policy is SchemaPolicy.EVOLVE:
        grown = _grow(contract, infer_new(extras))
        notices.append(f"New columns were added to the contract: {listed([shape.names[i] for i in extras])}.")
        notices += _looks_renamed(contract, shape, extras, renames)
        extras = ()
    elif extras and contract.schema_policy is SchemaPolicy.RESCUE:
        rescued = True
        grown = _with_rescued(contract)
        notices.append(f"Unknown columns were stored in {RESCUED}: {_named(shape, extras)}.")
    elif extras:
        notices.append(f"Unknown columns were left out: {_named(shape, extras)}.")
    absent = [c.name for c in grown.columns if shape.position(c.name) is None and c.name != RESCUED]
    if absent:
        notices.append(f"Columns missing from the file are empty: {listed(absent)}.")
    plan = Plan(
        shape=shape,
        contract=grown,
        sources=tuple(shape.position(column.name) for column in grown.columns),
        extras=extras,
        rescued=rescued,
        notices=tuple(notices),
        any_text=any_text,
    )
    check_types(plan)
    return plan


def _looks_renamed(contract: Contract, shape: Shape, extras: Sequence[int], renames: Renames) -> list[str]:
    """The notices about new columns that are probably renamed optional ones."""
    gone = [c for c in contract.columns if shape.position(c.name) is None and c.name != RESCUED]
    return [
        f"New column {quoted(new)} looks like {quoted(old)} renamed. If it is, write rename = "
        f'["{safe(new, 80)}={safe(old, 80)}"] under [parser] in datasets/{contract.name}.toml.'
        for new, old in (renames(extras, gone) if gone else ())
    ]


def revised(contract: Contract, columns: Sequence[Column]) -> Contract:
    """`contract` with other columns, as its next revision."""
    return msgspec.structs.replace(contract, columns=tuple(columns), revision=contract.revision + 1)


def _named(shape: Shape, positions: Sequence[int]) -> str:
    return listed([shape.names[i] for i in positions])


def _missing(contract: Contract, shape: Shape) -> list[str]:
    """Columns that the file should have; a row of a sparse format leaves out those without a value."""
    needed = {contract.time, *contract.key}
    return [
        column.name
        for column in contract.columns
        if column.name != RESCUED
        and shape.position(column.name) is None
        and (column.name in needed or not (column.optional or (shape.format.sparse and column.nullable)))
    ]


def _check(contract: Contract, extras: Sequence[int], missing: Sequence[str], shape: Shape, renames: Renames) -> None:
    """Raise `BadFile` when the policy holds files with such differences."""
    held = list(missing)
    strict = contract.schema_policy is SchemaPolicy.STRICT
    if strict:
        held = [
            column.name for column in contract.columns if shape.position(column.name) is None and not column.optional
        ]
    if held or (strict and extras):
        gone = [column for column in contract.columns if column.name in held]
        pairs = renames(extras, gone) if gone and extras else ()
        raise BadFile(columns_changed([shape.names[i] for i in extras], held, contract.name, pairs))


def _grow(contract: Contract, new: Sequence[Column]) -> Contract:
    """New columns at the end; optional, because files of the older layout lack them."""
    added = [msgspec.structs.replace(column, nullable=True, optional=True) for column in new]
    return revised(contract, (*contract.columns, *added))


def _with_rescued(contract: Contract) -> Contract:
    if contract.column(RESCUED):
        return contract
    return _grow(contract, (Column(name=RESCUED, type=ColumnType.TEXT),))


def check_types(plan: Plan) -> None:
    """Raise `BadFile` for a column whose type in the file cannot become the contract's."""
    for column, source, how in zip(plan.contract.columns, plan.sources, plan.cast_rules(), strict=True):
        if source is not None and how is None:
            raise BadFile(column_retyped(column.name, column.type, plan.shape.raw[source], plan.contract.name))
