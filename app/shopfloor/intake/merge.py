"""New parts against stored ones: upsert by key, and corrected files that replace earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.contract import Contract
from shopfloor.domain.dataset import FileSpan, Part
from shopfloor.duck.sql import name, select_list, text
from shopfloor.intake.changed_rows import digest_of
from shopfloor.intake.parts import rewrite
from shopfloor.intake.records import StagedPart
from shopfloor.lake.objects import part_path, verify

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NEWEST = "intake_newest"
# Beside the key's own names, which may be anything.
_PART, _ROW, _RANK, _DIGEST = '"intake.part"', '"intake.row"', '"intake.rank"', '"intake.digest"'


@dataclass(frozen=True)
class Merged:
    """`kept` stored parts are untouched, then come `parts`. `repeated` counts rows by file whose
    key comes again later in the same file, `changed` those that give the stored row of their key other values.
    """

    kept: tuple[Part, ...]
    parts: tuple[StagedPart, ...]
    repeated: dict[str, int]
    changed: dict[str, int]


def merge(
    connection: DuckDBPyConnection,
    contract: Contract,
    incoming: Sequence[StagedPart],
    previous: Sequence[Part],
    order: Sequence[str],
    superseded: Collection[str],
    objects: Path,
    staging: Path,
) -> Merged:
    """Join `incoming` parts with the `previous` ones.

    Rows of `superseded` files leave the stored parts. With a key in the contract (upsert) the
    newest row of a key stays: a later file wins over an earlier one (by `order`, file ids), a
    later row over an earlier one, new over stored. Parts without such rows are kept as they are.
    """
    keys = list(contract.key)
    repeated: dict[str, int] = {}
    changed_rows: Counter[str] = Counter()
    fresh = list(incoming)
    if keys and incoming:
        repeated = _rank(connection, contract, incoming, order)
        fresh = _newest_only(connection, contract, incoming, staging)
    kept: list[Part] = []
    changed: list[StagedPart] = []
    for number, part in enumerate(previous):
        source = part_path(objects, part.sha256)
        without = _gone(part, superseded)
        if part.files and {span.file for span in part.files} <= set(superseded):
            continue  # all of it leaves: nothing is read, so that a damaged part may be replaced
        if without or (keys and incoming):
            verify(source, part.sha256)  # a copy of damaged bytes would get a digest of its own
        if keys and incoming and _has(connection, source, keys):
            changed_rows += _changed(connection, contract, source, without, order)
            without.append(
                f"SELECT file_row_number FROM (SELECT {_keys(contract)}, file_row_number FROM stored) "
                f"SEMI JOIN {_NEWEST} USING ({_list(keys)})"
            )
        query = " UNION ".join(without)
        if not query or not _any(connection, source, query):
            kept.append(part)
            continue
        path = staging / f"kept-{number:05d}.parquet"
        left = rewrite(connection, source, part.files, path, query, contract)
        changed += [left] if left else []
    connection.execute(f"DROP TABLE IF EXISTS {_NEWEST}")
    return Merged(tuple(kept), (*changed, *fresh), repeated, dict(changed_rows))


def _keys(contract: Contract) -> str:
    """The key with the types that the contract has now; one that no column has is refused before anything is read."""
    return select_list(column for key in contract.key if (column := contract.column(key)) is not None)


def _list(columns: Sequence[str]) -> str:
    return ", ".join(map(name, columns))


def _rank(
    connection: DuckDBPyConnection,
    contract: Contract,
    incoming: Sequence[StagedPart],
    order: Sequence[str],
) -> dict[str, int]:
    """Make the table of the newest row of each key: the key, its part, its row there, its file's rank, its digest."""
    keys = list(contract.key)
    ranks = {file: i for i, file in enumerate(order)}
    spans = ", ".join(
        f"({p}, {span.first}, {span.first + span.rows}, {ranks[span.file]})"
        for p, part in enumerate(incoming)
        for span in part.part.files
    )
    typed = _keys(contract)
    rows = " UNION ALL ".join(
        f"SELECT {typed}, {p} AS {_PART}, file_row_number AS {_ROW}, "
        f"{digest_of(connection, Path(part.path), contract.columns)} AS {_DIGEST} FROM read_parquet({text(part.path)})"
        for p, part in enumerate(incoming)
    )
    rows = f"({rows})"
    ranked = (
        f"(SELECT r.*, s.rank AS {_RANK} FROM {rows} r JOIN (VALUES {spans}) s(part, a, z, rank) "
        f"ON r.{_PART} = s.part AND r.{_ROW} >= s.a AND r.{_ROW} < s.z)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_NEWEST} AS "
        f"SELECT {_list(keys)}, {_PART}, {_ROW}, {_RANK}, {_DIGEST} FROM {ranked} "
        f"QUALIFY row_number() OVER (PARTITION BY {_list(keys)} "
        f"ORDER BY {_RANK} DESC, {_ROW} DESC) = 1"
    )
    doubled = connection.execute(
        f"SELECT {_RANK}, sum(c - 1) FROM (SELECT {_RANK}, count(*) AS c FROM {ranked} "
        f"GROUP BY {_RANK}, {_list(keys)} HAVING c > 1) GROUP BY {_RANK}"
    ).fetchall()
    return {order[rank]: int(count) for rank, count in doubled}


def _changed(
    connection: DuckDBPyConnection, contract: Contract, source: Path, without: Sequence[str], order: Sequence[str]
) -> Counter[str]:
    """How many rows of a stored part get other values, by the file that brings them; not those that leave anyway."""
    read = f"read_parquet({text(str(source))})"
    stays = f" WHERE file_row_number NOT IN ({' UNION '.join(without)})" if without else ""
    found = connection.execute(
        f"WITH stored AS (SELECT *, file_row_number FROM {read}) SELECT n.{_RANK}, count(*) FROM "
        f"(SELECT {_keys(contract)}, {digest_of(connection, source, contract.columns)} AS now FROM stored{stays}) "
        f"JOIN {_NEWEST} n USING ({_list(contract.key)}) WHERE now <> n.{_DIGEST} GROUP BY ALL"
    ).fetchall()
    return Counter({order[rank]: int(rows) for rank, rows in found})


def _newest_only(
    connection: DuckDBPyConnection,
    contract: Contract,
    incoming: Sequence[StagedPart],
    staging: Path,
) -> list[StagedPart]:
    """The incoming parts without rows that a newer row of the delivery replaces."""
    fresh: list[StagedPart] = []
    for p, staged in enumerate(incoming):
        mine = f"FROM {_NEWEST} WHERE {_PART} = {p}"
        newest = connection.execute(f"SELECT count(*) {mine}").fetchall()
        if newest[0][0] == staged.part.rows:
            fresh.append(staged)
            continue
        without = f"SELECT file_row_number FROM stored WHERE file_row_number NOT IN (SELECT {_ROW} {mine})"
        path = staging / f"newest-{p:05d}.parquet"
        source = Path(staged.path)
        left = rewrite(connection, source, staged.part.files, path, without, contract)
        source.unlink()
        fresh += [left] if left else []
    return fresh


def _gone(part: Part, superseded: Collection[str]) -> list[str]:
    """A query for the rows of superseded files, if the part has any."""
    ranges = [_range(span) for span in part.files if span.file in superseded]
    return [f"SELECT file_row_number FROM stored WHERE {' OR '.join(ranges)}"] if ranges else []


def _range(span: FileSpan) -> str:
    return f"(file_row_number >= {span.first} AND file_row_number < {span.first + span.rows})"


def _has(connection: DuckDBPyConnection, source: Path, keys: Sequence[str]) -> bool:
    """True when the part has all key columns; an older part may lack one."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(str(source))})")
    return set(keys) <= {row[0] for row in rows.fetchall()}


def _any(connection: DuckDBPyConnection, source: Path, query: str) -> bool:
    stored = f"WITH stored AS (SELECT *, file_row_number FROM read_parquet({text(str(source))}))"
    return bool(connection.execute(f"{stored} SELECT count(*) FROM ({query})").fetchall()[0][0])
