"""Runs as one wide table: a column a param and metric."""

from __future__ import annotations

from pathlib import Path

from shopfloor.duck import sql
from shopfloor.store.rows import Query

_COLUMNS = (
    "id", "name", "parent", "model", "dataset", "dataset_version", "state", "score", "created_at", "duration_s",
)  # fmt: skip


def write(query: Query, numbers: list[int], target: Path) -> tuple[str, ...]:
    """Write the runs of `numbers` to a Parquet file at `target`, and return the names of its columns.

    In the file columns are numbered, because two names may differ by their case alone. The last one is where in
    `numbers` the row's run is: to sort what is wide would take longer than all else (measured).
    """
    found = _names(query, numbers)
    values = [
        *(f"runs.{column}" for column in _COLUMNS),
        *(f"TRY_CAST(variant_extract(metrics, {sql.text(name)}) AS DOUBLE)" for name in found["metrics"]),
        *(f"variant_extract(params, {sql.text(name)})::VARCHAR" for name in found["params"]),
        "wanted.place",
    ]
    numbered = ", ".join(f"{value} AS c{place}" for place, value in enumerate(values))
    wanted = "(SELECT unnest(?::BIGINT[]) AS number, unnest(range(?)) AS place) wanted"
    query.all(
        f"COPY (SELECT {numbered} FROM runs JOIN {wanted} USING (number) WHERE number BETWEEN ? AND ?) "
        f"TO {sql.text(str(target))} (FORMAT parquet, COMPRESSION uncompressed)",
        [numbers, len(numbers), *_bounds(numbers)],
    )
    named = [f"{kind}.{name}" for kind in ("metrics", "params") for name in found[kind]]
    return (*_COLUMNS, *named)


def _names(query: Query, numbers: list[int]) -> dict[str, list[str]]:
    """The names of all metrics and params of these runs, sorted."""
    rows = query.all(
        "SELECT DISTINCT json_keys(record, ['$.metrics', '$.params']) FROM runs "
        "WHERE number IN (SELECT unnest(?::BIGINT[])) AND number BETWEEN ? AND ?",
        [numbers, *_bounds(numbers)],
    )
    pairs = [row[0] for row in rows]
    return {
        kind: sorted({name for pair in pairs for name in pair[place] or ()})
        for place, kind in enumerate(("metrics", "params"))
    }


def _bounds(numbers: list[int]) -> tuple[int, int]:
    """Of the newest runs most of the table need not be read."""
    return min(numbers, default=0), max(numbers, default=0)
