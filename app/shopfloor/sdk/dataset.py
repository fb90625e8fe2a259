"""A dataset version as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopfloor.client.connection import EngineClient
from shopfloor.client.rows import Appended, append
from shopfloor.domain.columns import Column
from shopfloor.domain.requests.datasets import DatasetFiles, DatasetProfile, DatasetProfileShow
from shopfloor.sdk.parts import read_parts
from shopfloor.sdk.rows import json_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from shopfloor.sdk.rows import Rows

_PROFILE_SECONDS = 120.0


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
        return read_parts(self._files, self._client.workspace, columns)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a pandas frame with a range index; checked as in `arrow`.

        Integers are `int64`, or `Int64` where values are missing; booleans `boolean`; dates and
        times `datetime64[us]`.

        >>> factory.dataset("flights").frame(["origin", "delay"])  # doctest: +SKIP
        """
        import pandas as pd

        table = self.arrow(columns)
        return pd.DataFrame(
            {name: _series(column) for name, column in zip(table.column_names, table.columns, strict=True)}
        )

    def profile(self) -> DatasetProfile:
        """Statistics of every column."""
        return self._client.ask(DatasetProfileShow(ref=self.ref), timeout=_PROFILE_SECONDS)

    def append(self, rows: Rows, *, key: str = "") -> Appended:
        """Add rows to the dataset; they are in a later version, this object stays what it is.

        As `Workspace.append`, which also begins a dataset that does not exist yet.

        >>> factory.dataset("events").append([{"id": 1, "kind": "start"}])  # doctest: +SKIP
        """
        return append(self._client, self.name, json_lines(rows), key=key)

    def __repr__(self) -> str:
        return f"Dataset({self.ref!r}, {len(self):,} rows)"


def _series(column: pa.ChunkedArray) -> pd.Series:
    import pandas as pd
    import pyarrow as pa

    nullable: dict[Any, Any] = {pa.bool_(): pd.BooleanDtype()}
    if column.null_count:
        nullable[pa.int64()] = pd.Int64Dtype()
    series: pd.Series = column.to_pandas(types_mapper=nullable.get)
    return series
