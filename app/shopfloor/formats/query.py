"""The SQL that turns files of one plan into rows of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shopfloor.duck.sql import SQL_TYPES, name, text
from shopfloor.formats.cast_rule import CastMode, CastRule
from shopfloor.formats.plan import PLACE, RESCUED, Plan
from shopfloor.formats.repeated_header import is_header, may_hide, positions
from shopfloor.formats.shape import rows_of


def strict(plan: Plan, paths: Sequence[str], mode: CastMode, *, first: bool = False) -> str:
    """Columns k0, k1, … in contract order and f, the file's index. A bad value is an error.

    So is what `mode` does not read, and with `first` what inference would not have called the
    type; and a header that stands again.
    """
    cast_rules = plan.cast_rules(first=first)
    rows = rows_of(plan.shape, paths)
    hidden = may_hide(plan)
    items = []
    for i, (how, source) in enumerate(zip(cast_rules, plan.sources, strict=True)):
        value = how.at(mode, source) if how is not None and source is not None else None
        if hidden and i == 0:
            value = f"CASE WHEN {is_header(plan.shape)} THEN error('a header') ELSE {value or 'NULL'} END"
        items.append(_column(plan, i, value))
    tried = _tried(plan, cast_rules, rows, positions(plan.shape) if hidden else ())
    return f"SELECT {', '.join(items)}, f FROM {tried}"


def lenient(plan: Plan, paths: Sequence[str]) -> str:
    """Like `strict`, with r, the row's number from 0, and without rows that hold a bad value."""
    cast_rules = plan.cast_rules()
    items = [
        _column(plan, i, how.lenient(source) if how and source is not None else None)
        for i, (how, source) in enumerate(zip(cast_rules, plan.sources, strict=True))
    ]
    return (
        f"SELECT {', '.join(items)}, f, r FROM {_numbered(plan, cast_rules, paths)} "
        f"WHERE NOT ({_any_bad(plan, cast_rules)})"
    )


def count_altered(plan: Plan, paths: Sequence[str]) -> tuple[str, list[int]]:
    """A query for f and the number of changed values in good rows, by column; and the columns' positions."""
    cast_rules = plan.cast_rules()
    altering = [
        (i, how.changed(source))
        for i, (how, source) in enumerate(zip(cast_rules, plan.sources, strict=True))
        if how is not None and source is not None and how.altered is not None
    ]
    counts = "".join(f", count_if({test})" for _, test in altering)
    tried = _tried(plan, cast_rules, rows_of(plan.shape, paths, rejects=True))
    query = f"SELECT f{counts} FROM {tried} WHERE NOT ({_any_bad(plan, cast_rules)}) GROUP BY f"
    return query, [i for i, _ in altering]


def count_bad(plan: Plan, paths: Sequence[str]) -> str:
    """One row: how many rows fit the header, and how many of them hold a bad value."""
    cast_rules = plan.cast_rules()
    tried = _tried(plan, cast_rules, rows_of(plan.shape, paths, rejects=True))
    return f"SELECT count(*), coalesce(count_if({_any_bad(plan, cast_rules)}), 0) FROM {tried}"


def first_bad(plan: Plan, paths: Sequence[str], limit: int) -> str:
    """Rows (row number from 0, position of the contract's column, raw value) with a bad value."""
    cast_rules = plan.cast_rules()
    tests = [
        (i, source, how.bad(source))
        for i, (how, source) in enumerate(zip(cast_rules, plan.sources, strict=True))
        if how is not None and source is not None and how.good != CastRule.good
    ]
    which = " ".join(f"WHEN {test} THEN {i}" for i, _, test in tests)
    value = " ".join(f"WHEN {test} THEN c{source}::VARCHAR" for _, source, test in tests)
    return (
        f"SELECT r, CASE {which} END, CASE {value} END "
        f"FROM {_numbered(plan, cast_rules, paths)} "
        f"WHERE {_any_bad(plan, cast_rules)} LIMIT {limit}"
    )


def output(plan: Plan) -> str:
    """Select items that give k0, k1, … the contract's names."""
    return ", ".join(f"k{i} AS {name(c.name)}" for i, c in enumerate(plan.contract.columns))


def placed(plan: Plan, row: str, file: str) -> str:
    """`output`, with what was rescued saying where it stood: SQL for the row's number, from 1, and for the file's id.

    The place stands beside the values, so that `_rescued ->> 'column'` gives the raw value.
    """
    if not plan.rescued:
        return output(plan)
    at = next(i for i, column in enumerate(plan.contract.columns) if column.name == RESCUED)
    taken = {plan.shape.names[i] for i in plan.extras}
    names = [_free(name, taken) for name in PLACE]
    place = f"""'{{"{names[0]}":"' || {file} || '","{names[1]}":' || ({row}) || ',' || substr(k{at}, 2)"""
    items = [f"k{i} AS {name(c.name)}" for i, c in enumerate(plan.contract.columns)]
    items[at] = f"CASE WHEN k{at} IS NOT NULL THEN {place} END AS {name(RESCUED)}"
    return ", ".join(items)


def _free(name: str, taken: set[str]) -> str:
    """The name, or one like it that the file has no column of."""
    while name in taken:
        name += "_"
    return name


def staged(plan: Plan, path: str) -> str:
    """A written part as a subquery: k0, k1, …, f = 0 and rid, the row's number."""
    items = ", ".join(f"{name(c.name)} AS k{i}" for i, c in enumerate(plan.contract.columns))
    return f"(SELECT {items}, 0 AS f, file_row_number AS rid FROM read_parquet({text(path)}))"


def _column(plan: Plan, index: int, value: str | None) -> str:
    column = plan.contract.columns[index]
    if value is None and plan.rescued and column.name == RESCUED:
        value = _rescue(plan)
    # The cast only names the type: a NULL alone has none.
    return f"({value or 'NULL'})::{SQL_TYPES[column.type]} AS k{index}"


def _rescue(plan: Plan) -> str:
    pairs = ", ".join(f"{text(plan.shape.names[i])}, c{i}" for i in plan.extras)
    present = " OR ".join(f"c{i} IS NOT NULL" for i in plan.extras)
    return f"CASE WHEN {present} THEN json_object({pairs})::VARCHAR END"


def _any_bad(plan: Plan, cast_rules: Sequence[CastRule | None]) -> str:
    tests = [
        how.bad(source)
        for how, source in zip(cast_rules, plan.sources, strict=True)
        if how is not None and source is not None and how.good != CastRule.good
    ]
    return " OR ".join(f"({test})" for test in tests) or "false"


def _numbered(plan: Plan, cast_rules: Sequence[CastRule | None], paths: Sequence[str]) -> str:
    tried = _tried(plan, cast_rules, rows_of(plan.shape, paths, rejects=True))
    return f"(SELECT *, row_number() OVER () - 1 AS r FROM {tried})"


def _tried(plan: Plan, cast_rules: Sequence[CastRule | None], rows: str, others: Iterable[int] = ()) -> str:
    """Raw values, those at `others` among them, and what the types' casts make of them: computed once, looked at
    twice."""
    used = [source for source in plan.sources if source is not None] + list(plan.extras)
    items = [f"c{i}" for i in dict.fromkeys((*used, *others))]
    for how, source in zip(cast_rules, plan.sources, strict=True):
        if how is not None and source is not None:
            items += how.tried(source)
    return f"(SELECT {', '.join([*items, 'f'])} FROM {rows})"
