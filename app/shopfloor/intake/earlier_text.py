"""Text of earlier files that can be read as the type that somebody gave its column since.

Stored values follow a new type through a cast, which knows neither the column's format nor the contract's
words for "missing". Where a text column gets a type, its earlier text is read as a file's would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import Part
from shopfloor.duck.sql import name, texts
from shopfloor.formats.cast_rule import CastRule
from shopfloor.formats.cast_rules import cast_rule
from shopfloor.formats.shape import TEXT
from shopfloor.intake.parts import reread
from shopfloor.intake.records import StagedPart
from shopfloor.lake.objects import part_path
from shopfloor.lake.retype import misfits, stored_alike

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def cast_rule_of(column: Column, earlier: Column, contract: Contract) -> CastRule | None:
    """How text that is stored for `column` is read; None where its values keep their storage.

    A key or a unique column is compared with stored values as they are.
    """
    unique = any(rule.unique and rule.column == column.name for rule in contract.rules)
    if earlier.type is not ColumnType.TEXT or column.type is ColumnType.TEXT or unique or column.name in contract.key:
        return None
    format = contract.parser.governed(column).format
    return cast_rule(TEXT, column.type, format=format, missing=contract.parser.missing)


def unreadable(connection: DuckDBPyConnection, paths: Sequence[str], column: Column, how: CastRule) -> int:
    """How many stored values are not of the column's type, read so where they are text."""
    held = stored_alike(connection, paths, column.name).get(TEXT, [])
    others = misfits(connection, [path for path in paths if path not in held], column)
    if not held:
        return others
    values = f"(SELECT {name(column.name)} AS c0 FROM read_parquet({texts(held)}))"
    return others + int(connection.execute(f"SELECT count_if({how.bad_inline(0)}) FROM {values}").fetchall()[0][0])


def read_again(
    connection: DuckDBPyConnection,
    parts: Sequence[Part],
    cast_rules: Mapping[str, CastRule],
    contract: Contract,
    objects: Path,
    staging: Path,
) -> tuple[tuple[Part, ...], tuple[StagedPart, ...]]:
    """Those of `parts` that hold no such text, and copies of the others with values of the columns' types."""
    paths = {str(part_path(objects, part.sha256)): part for part in parts}
    held = {path for column in cast_rules for path in stored_alike(connection, list(paths), column).get(TEXT, [])}
    kept, copies = [], []
    for number, (path, part) in enumerate(paths.items()):
        if path not in held:
            kept.append(part)
            continue
        texts_here = {
            column: how for column, how in cast_rules.items() if TEXT in stored_alike(connection, [path], column)
        }
        target = staging / f"reread-{number:05d}.parquet"
        copies.append(reread(connection, Path(path), part, target, texts_here, contract))
    return tuple(kept), tuple(copies)
