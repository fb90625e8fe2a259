"""Logged inputs, answered again by the stored version: the log beside the model as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.domain.text import safe
from shopfloor.monitoring.check_context import RescoredAnswers
from shopfloor.monitoring.records import CheckSpec
from shopfloor.monitoring.stored import StoredInputs
from shopfloor.statistics.arrays import evenly

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 2_000


def answered_again(spec: CheckSpec, stored: StoredInputs, data: str) -> RescoredAnswers | None:
    """At most `MOST_ROWS` of the stored rows, evenly spaced; None where the version is not at hand.

    The artifact is opened only when signature and digests are as they were: raises `IntegrityError`.
    """
    if spec.artifact is None or stored.last_at is None:
        return None
    model = bundle.load(spec.artifact, load_or_create_key(Path(spec.key_path)))
    rows = evenly(len(stored.outputs), MOST_ROWS)
    logged, decided = stored.outputs.iloc[rows], stored.decided.iloc[rows]
    try:
        again, fault = _predict(model, stored.inputs.iloc[rows], decided["segment"]), ""
    except Exception as error:  # noqa: BLE001 - a model may be the team's own code
        logged, decided = logged.head(0), decided.head(0)
        again, fault = logged, safe(error, 200)
    humble = decided["humility"].notna()
    return RescoredAnswers(
        source="inference",
        data=data,
        moment=stored.last_at,
        ids=decided["association_id"].tolist(),
        logged=logged.reset_index(drop=True),
        again=again.reset_index(drop=True),
        served=decided["served"].where(~humble & decided["threshold"].isna()).reset_index(drop=True),
        humble=int(humble.sum()),
        fault=fault,
    )


def _predict(model: Any, inputs: pd.DataFrame, segments: pd.Series[Any]) -> pd.DataFrame:
    """What serving would say; of a family the log knows the segments, not always the columns that name them."""
    from shopfloor.artifacts.family import FittedFamily  # scikit-learn takes seconds, and the engine knows this module

    predicted: pd.DataFrame
    if isinstance(model, FittedFamily) and not set(model.segment_by) <= set(inputs.columns):
        predicted = model.predict_segments(inputs, segments.to_numpy(dtype=object))
    else:
        predicted = model.predict_frame(inputs)
    return predicted
