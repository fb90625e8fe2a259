"""What another version would have decided of logged rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.recast import predict_recast
from shopfloor.lake.frame import series_of
from shopfloor.lake.inference_parts import stored_type
from shopfloor.monitoring.records import Rival
from shopfloor.monitoring.stored import INPUT
from shopfloor.statistics.frames import PREDICTION, PROBABILITY


def rival_decisions(rival: Rival, logged: pa.Table) -> list[Any] | None:
    """The decision of each row of `logged`, whose inputs are columns `input_<name>`; None for a row without an answer,
    and in all where it lacks inputs, or the version cannot read them.

    Raises `IntegrityError` for a damaged artifact.
    """
    model = bundle.load(rival.artifact, load_or_create_key(Path(rival.key_path)))
    if not {f"{INPUT}{column.name}" for column in model.columns} <= set(logged.column_names):
        return None
    try:
        inputs = {
            column.name: series_of(
                logged.column(f"{INPUT}{column.name}").cast(stored_type(column.type)).combine_chunks(), column.type
            )
            for column in model.columns
        }
        answers = predict_recast(model, pd.DataFrame(inputs, index=pd.RangeIndex(logged.num_rows)))
    except Exception:  # noqa: BLE001 - it may be the team's own code, and a column may have another type by now
        return None
    decided: Any = answers[PREDICTION].to_numpy(dtype=object)
    if rival.threshold is not None and len(model.classes) == 2:
        negative, positive = model.classes
        chance = answers[f"{PROBABILITY}{positive}"].to_numpy(dtype=np.float64)
        decided = np.where(np.isnan(chance), None, np.where(chance >= rival.threshold, positive, negative))
    return [None if pd.isna(one) else one for one in decided]
