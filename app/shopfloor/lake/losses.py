"""Loss parts: what a model version said of labelled rows that it has not learned, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from shopfloor.domain.handles import PartFile
from shopfloor.lake.inference_parts import MOMENT, PartWriter


def write_losses(
    rows: Any, at: Any | None, delivery: Any, columns: Mapping[str, Any], staging: Path
) -> PartFile | None:
    """A part in `staging`; None without rows.

    `rows` are the stable keys of the rows (uint64), by which two versions are paired, `at` their times in microseconds
    since 1970 (UTC), `delivery` the dataset version that brought them, (n,) each. `columns` are the truth `actual`,
    `prediction`, one `probability_<class>` a class, and `loss`: enough for any metric of any two versions on equal
    rows.
    """
    times = pa.nulls(len(rows), MOMENT) if at is None else pa.array(at, pa.int64()).cast(MOMENT)
    found = {"row": pa.array(rows), "at": times, "delivery": pa.array(delivery)}
    found |= {name: pa.array(values) for name, values in columns.items()}
    with PartWriter(staging, pa.schema([(name, values.type) for name, values in found.items()])) as writer:
        writer.write(list(found.values()))
        return writer.finish()
