"""What a model reads: columns as their dataset writes them, and their values as frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from shopfloor.domain.columns import Column, ColumnType
from shopfloor.domain.contract import Contract
from shopfloor.domain.labels import label_of
from shopfloor.formats.reader import OpenTable, open_table
from shopfloor.formats.reasons.bad_file import BadFile
from shopfloor.formats.reasons.rejects import undivided
from shopfloor.lake.frame import series_of
from shopfloor.lake.inference_parts import column_array
from shopfloor.serving.association_ids import pinned_column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_OF_VALUES = frozenset({"bad_value", "column_retyped"})


@contextmanager
def open_delivered(
    path: Path, name: str, workdir: Path, contract: Contract, expected: Sequence[str], memory_mb: int
) -> Iterator[OpenTable]:
    """A file for a model as a table like those of its dataset (see `formats.reader.open_table`).

    The types are the model's: a file does not change them, and it is read whole, so no fault proposes otherwise.
    """
    try:
        with open_table(path, name, workdir, parser=contract.parser, expected=expected, memory_mb=memory_mb) as table:
            yield table
    except BadFile as error:
        if error.code not in _OF_VALUES:
            raise BadFile(undivided(error.reason)) from error
        hint = (
            "Correct the value, or leave the cell empty where it is unknown. How values are written is pinned in "
            f"datasets/{contract.name}.toml: format of the column, or [parser]."
        )
        raise BadFile(msgspec.structs.replace(error.reason, hint=hint, remedies=())) from error


def as_written(columns: Iterable[Column], contract: Contract) -> tuple[Column, ...]:
    """`columns`, whose types are the model's own, with the formats in which the dataset writes them."""
    return tuple(_as_written(column, contract.column(column.name)) for column in columns)


def _as_written(column: Column, pinned: Column | None) -> Column:
    # The type may have been widened since; a format goes with all numbers, or with all times.
    kinds = {column.type, pinned.type} if pinned is not None else set()
    alike = all(kind.numeric for kind in kinds) or all(kind.temporal for kind in kinds)
    return msgspec.structs.replace(column, format=pinned.format) if pinned is not None and alike else column


def label_column(name: str, contract: Contract, table: OpenTable, delivered: str = "") -> Column:
    """A column whose values are taken as text in the end (an id, a key, a class): read as what it is in the dataset,
    so that 007, 7 and 7.0 are one id where it holds numbers; else as what it is in the file, where it may be
    called `delivered`."""
    return pinned_column(name, contract) or Column(name=name, type=table.own_type(delivered or name) or ColumnType.TEXT)


def labels(values: pa.Array) -> pa.Array:
    """Values as text, as `domain.labels.label_of` writes them; an empty text is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(values.type):
        return pc.if_else(pc.equal(values, ""), None, values)
    if pa.types.is_floating(values.type):
        return _number_labels(values)
    if pa.types.is_temporal(values.type):
        # A day is stored as its midnight, and written so.
        moments = values.cast(pa.timestamp("us")).cast(pa.string())
        return pc.replace_substring_regex(moments, r"\.000000$", "")
    return values.cast(pa.string())


def id_labels(values: pa.Array, name: str, id_column: str | None, contract: Contract, table: OpenTable) -> pa.Array:
    """The association ids of a column `name` that `label_column` gave: see `association_ids`."""
    import pyarrow.compute as pc

    texts = labels(values)
    pinned = pinned_column(id_column, contract)
    if name == id_column or pinned is None:
        return texts
    return pc.coalesce(labels(table.as_values(texts, pinned)), texts)


def _number_labels(values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), 2.0**63))
    digits = pc.if_else(whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    if not pc.any(pc.invert(whole)).as_py():
        return digits
    # Arrow writes fractions otherwise than Python does (1e-7), and each is written once.
    found = pc.if_else(whole, None, values).dictionary_encode()
    written = pa.array([label_of(value) for value in found.dictionary.to_pylist()], pa.string())
    return pc.coalesce(written.take(found.indices), digits)


def to_frame(batch: pa.RecordBatch, columns: Sequence[Column]) -> pd.DataFrame:
    """The first columns of a batch as a frame with the dtypes of `lake.frame.read_parts`."""
    import pandas as pd

    data = {column.name: series_of(batch.column(place), column.type) for place, column in enumerate(columns)}
    return pd.DataFrame(data, index=pd.RangeIndex(batch.num_rows))


def frame_from_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Rows of plain values as such a frame; absent fields are missing, times may be ISO text.

    Raises `DataError` for a value that does not fit its column.
    """
    import pandas as pd

    arrays = ((column, column_array([row.get(column.name) for row in rows], column)) for column in columns)
    data = {column.name: series_of(array, column.type) for column, array in arrays}
    return pd.DataFrame(data, index=pd.RangeIndex(len(rows)))
