"""What a worker does for a derived dataset: run its query over the parts of other datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.domain.errors import DataError, ShopfloorError
from shopfloor.intake.derived.records import DeriveOutcome, DeriveSpec
from shopfloor.runtime.task import Progress

if TYPE_CHECKING:
    import duckdb
    from duckdb import DuckDBPyConnection

_MEMORY = "Raise intake.memory_mb, or let the query read and sort less."


def derive(spec: DeriveSpec, progress: Progress) -> DeriveOutcome:
    """Write the query's rows to a Parquet file that is the same whenever the inputs are.

    The query reads the inputs' parts, each verified first, and no other file. Raises `DataError` with DuckDB's words
    where it does not fit them, and `RefusedError` where memory does not suffice.
    """
    import duckdb

    from shopfloor.duck.sandbox import Sandbox, sandboxed_duckdb
    from shopfloor.intake.derived.query import read_query
    from shopfloor.workspace.digests import file_sha256

    query = read_query(spec.query)
    # Sums and the first of several rows depend on how threads share the work.
    threads = 1 if query.growing is None else 2
    sandbox = Sandbox(scratch=spec.scratch, memory_mb=spec.memory_mb, threads=threads)
    parts = [part.path for one in spec.inputs for part in one.parts]
    progress(0.1, "running the query")
    with sandboxed_duckdb(sandbox, files=[*parts, spec.target], hint=_MEMORY) as connection:
        try:
            rows = _write(connection, spec, ordered=query.ordered)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise _unfit(spec, error) from None
    path = Path(spec.target)
    progress(0.9, "hashing")
    return DeriveOutcome(
        path=spec.target,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        rows=rows,
        query=spec.query,
        inputs=tuple(one.version for one in spec.inputs),
        derivation=spec.derivation,
    )


def _write(connection: DuckDBPyConnection, spec: DeriveSpec, *, ordered: bool) -> int:
    from shopfloor.duck.sql import name, parquet, text
    from shopfloor.lake.source import named_rows

    for one in spec.inputs:
        connection.execute(f"CREATE VIEW {name(one.table)} AS {named_rows(connection, one.parts, one.columns)}")
    columns = connection.execute(f"DESCRIBE {spec.query}").fetchall()
    select = spec.query if ordered else f"SELECT * FROM ({spec.query}\n) ORDER BY ALL"
    written = connection.execute(f"COPY ({select}\n) TO {text(spec.target)} {parquet(len(columns))}").fetchall()
    return int(written[0][0])


def _unfit(spec: DeriveSpec, error: duckdb.Error) -> ShopfloorError:
    from shopfloor.duck.refusal import refused
    from shopfloor.duck.select import words_of_error

    if (machine := refused(error)) is not None:
        raise machine from None
    read = ", ".join(one.version.ref for one in spec.inputs)
    return DataError(
        f"The query of {spec.dataset} cannot be answered from {read}: {words_of_error(error)}",
        hint=f"Correct `query` in datasets/{spec.dataset}.toml; the rows are then made.",
        code="query_failed",
    )
