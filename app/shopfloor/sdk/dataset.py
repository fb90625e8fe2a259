"""A dataset version as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.client.connection import EngineClient
from shopfloor.client.rows import Appended, append
from shopfloor.domain.columns import Column
from shopfloor.domain.errors import DataError
from shopfloor.domain.handles import PartFile
from shopfloor.domain.numbers import count
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetProfile, DatasetProfileShow
from shopfloor.lake.objects import verify_parts
from shopfloor.lake.sql import query
from shopfloor.lake.table import read_batches, read_table
from shopfloor.sdk.part_copies import readable
from shopfloor.sdk.rows import json_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from shopfloor.sdk.rows import Rows

_PROFILE_SECONDS = 620.0


class Dataset:
    """One immutable version of a dataset."""

    def __init__(self, client: EngineClient, files: DatasetFiles) -> None:
        self._client = client
        self._files = files

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self._files.dataset

    @property
    def version(self) -> int:
        """The version's number."""
        return self._files.version

    @property
    def ref(self) -> str:
        """`NAME@VERSION`, to name exactly these rows again."""
        return f"{self.name}@{self.version}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns with the types that the contract pins."""
        return self._files.columns

    def __len__(self) -> int:
        return sum(part.rows for part in self._files.parts)

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as a PyArrow table, in the order of delivery; `columns` picks some.

        Every part is checked against its sha256 before a row of it is used; raises
        `IntegrityError` where the bytes are not those that were written. Dates and times are
        `timestamp[us]` in UTC without a zone.
        """
        return read_table(self._parts(), self._files.columns, columns)

    def batches(self, columns: Sequence[str] | None = None, *, rows: int = 65_536) -> pa.RecordBatchReader:
        """The rows as Arrow record batches, for versions that do not fit into memory.

        One part is read, and checked as in `arrow`, when its first batch is requested.

        >>> sum(batch.num_rows for batch in factory.dataset("flights").batches(["delay"]))  # doctest: +SKIP
        """
        return read_batches(self._parts(), self._files.columns, columns, rows)

    def sql(self, statement: str) -> pd.DataFrame:
        """The answer to a SELECT over this version, which is the view `dataset`, computed by DuckDB in this process.

        Parts are checked first, then only what the statement needs is read. Dates are dates here;
        other tables of the workspace are in `Workspace.sql`. Raises `UsageError` for a wrong statement.

        >>> factory.dataset("flights@3").sql("SELECT origin, avg(delay) FROM dataset GROUP BY origin")  # doctest: +SKIP
        """
        return to_frame(query(self._verified(), self._files.columns, statement))

    def parts(self) -> list[Path]:
        """The Parquet files that hold the rows, in order, for any other tool; checked against their digests.

        They are immutable. An older one may lack a column that was added later.

        >>> pd.read_parquet(factory.dataset("flights").parts()[-1])  # doctest: +SKIP
        """
        return [Path(part.path) for part in self._verified()]

    @property
    def path(self) -> Path:
        """The one Parquet file of a version that has one part; raises `DataError` where there are others."""
        paths = self.parts()
        if len(paths) != 1:
            raise DataError(
                f"{self.ref} has {len(paths)} parts, not one file.",
                hint="Use .parts(), or .arrow() and .frame() for all rows.",
                code="many_parts",
            )
        return paths[0]

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a pandas frame with a range index; checked as in `arrow`.

        Integers are `int64`, or `Int64` where values are missing; booleans `boolean`; dates and
        times `datetime64[us]`.

        >>> factory.dataset("flights").frame(["origin", "delay"])  # doctest: +SKIP
        """
        return to_frame(self.arrow(columns))

    def profile(self) -> DatasetProfile:
        """Statistics of every column; `approximate` names the figures that are not exact."""
        return self._client.ask(DatasetProfileShow(ref=self.ref), timeout=_PROFILE_SECONDS)

    def append(self, rows: Rows, *, key: str = "") -> Appended:
        """Add rows to the dataset; they are in a later version, this object stays what it is.

        As `Workspace.append`, which also begins a dataset that does not exist yet.

        >>> factory.dataset("events").append([{"id": 1, "kind": "start"}])  # doctest: +SKIP
        """
        return append(self._client, self.name, json_lines(rows), key=key)

    def _parts(self) -> list[PartFile]:
        """The parts where this process may read them."""
        return readable(self._client, self._files.parts)

    def _verified(self) -> list[PartFile]:
        """The parts, each checked against its digest."""
        parts = self._parts()
        verify_parts(parts)
        return parts

    def __repr__(self) -> str:
        return f"Dataset({self.ref!r}, {count(len(self))} rows)"


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame with the types that `Dataset.frame` promises."""
    import pandas as pd

    frame = pd.DataFrame(dict(enumerate(map(_series, table.columns))), index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names)
    return frame


def _series(column: pa.ChunkedArray) -> pd.Series:
    import pandas as pd
    import pyarrow as pa

    nullable: dict[Any, Any] = {pa.bool_(): pd.BooleanDtype()}
    if column.null_count:
        nullable[pa.int64()] = pd.Int64Dtype()
    series: pd.Series = column.to_pandas(types_mapper=nullable.get)
    return series
