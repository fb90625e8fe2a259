"""Actuals parts: ground truth by association id, with the amounts that came along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from shopfloor.domain.codec import utc
from shopfloor.domain.definition import Task
from shopfloor.domain.handles import PartFile
from shopfloor.lake.inference_parts import MOMENT, PartWriter, actuals_schema

ACTUAL = "actual"

Amounts = Mapping[str, Mapping[str, float]]
"""By column and association id: what the terms of value need of a row and what is known only with its actual."""


def write_actuals(
    actuals: Mapping[str, str | float], task: Task, staging: Path, arrived_at: datetime, amounts: Amounts | None = None
) -> PartFile | None:
    """An actuals part in `staging`: labels as text or numbers, by association id. None without any."""
    came = amounts or {}
    schema = actuals_schema(task.classification, came)
    arrived = pa.repeat(pa.scalar(utc(arrived_at).replace(tzinfo=None), MOMENT), len(actuals))
    ids = pa.array(actuals.keys(), pa.string())
    values = pa.array([*actuals.values()], schema.field(ACTUAL).type)
    listed = [pa.array([known.get(id) for id in actuals], pa.float64()) for known in came.values()]
    with PartWriter(staging, schema) as writer:
        writer.write([ids, values, arrived, *listed])
        return writer.finish()
