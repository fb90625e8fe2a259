"""The rows, predictions and outcomes that the checks of one run judge, read from their parts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.recast import predict_recast
from shopfloor.domain.codec import from_json
from shopfloor.domain.column_names import ColumnNames
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.monitor import CheckVerdict
from shopfloor.domain.text import safe
from shopfloor.lake.inference_parts import AMOUNT
from shopfloor.monitoring.bins import bin_values, watched_values
from shopfloor.monitoring.check_context import (
    InputRows,
    KnownOutcomes,
    RescoredAnswers,
    ServedRequests,
    StoredPredictions,
)
from shopfloor.monitoring.delivered import in_order
from shopfloor.monitoring.records import PREDICTION_DRIFT, CheckSpec, Joined, Reference
from shopfloor.monitoring.rescoring import answered_again
from shopfloor.monitoring.stored import StoredInputs, join_truth, read_inputs
from shopfloor.statistics.arrays import evenly
from shopfloor.statistics.distances import homogeneity
from shopfloor.statistics.frames import PREDICTION, read_numbers, read_predictions
from shopfloor.statistics.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

_TIMES_LEAST = 10
_EARLIEST = 0.02
_MATURE = 0.5
_OF_ONE_SORT = 0.001
_MOST_ESTIMATED = 20_000


def read_reference(path: str) -> Reference:
    """`reference.json` of an artifact. Raises `IntegrityError` when it is missing or no reference."""
    try:
        return from_json(Path(path).read_bytes(), Reference)
    except (OSError, msgspec.DecodeError) as error:
        raise IntegrityError(
            f"The monitoring reference {Path(path).name} cannot be read: {error}",
            hint="Train the model again, or run `shopfloor doctor`.",
            code="reference_damaged",
        ) from error


def delivered_truth(
    frame: pd.DataFrame, id: str | None, target: str, amounts: Iterable[str] = ()
) -> pd.DataFrame | None:
    """Rows of a delivery that tell the truth about predictions, with the columns of `amounts` that it has as
    `amount_<column>`; None without id or target.
    """
    if id is None or id not in frame.columns or target not in frame.columns:
        return None
    truth = frame[[id, target]].set_axis(["association_id", "actual"], axis=1)
    found = ColumnNames(frame.columns)
    own = {f"{AMOUNT}{name}": read_numbers(frame[found.spelled(name)]) for name in amounts if name in found}
    return truth.assign(**own)


def stored_samples(
    spec: CheckSpec, reference: Reference
) -> tuple[InputRows, StoredPredictions, RescoredAnswers | None, ServedRequests | None] | None:
    """The stored inputs and predictions of the window, some of them predicted again, and the requests that asked for
    them; None when nothing was predicted.

    Without a window what was predicted since the last look.
    """
    stored = read_inputs(spec.inference, spec.model_version, spec.window, _since(spec))
    if not len(stored.outputs) or stored.last_at is None:
        return None
    predictions = read_predictions(
        stored.outputs, None, task=spec.task, classes=spec.classes or reference.classes, positive=spec.positive
    )
    data = f"predictions until {stored.last_at.isoformat()}"
    inputs = InputRows(source="inference", data=data, moment=stored.last_at, frame=stored.inputs)
    return (
        inputs,
        StoredPredictions(
            source="inference",
            data=data,
            moment=stored.last_at,
            predictions=predictions,
            inputs=inputs,
            humility=stored.humility,
        ),
        answered_again(spec, stored, data),
        _requests(stored, data),
    )


def _requests(stored: StoredInputs, data: str) -> ServedRequests | None:
    """The requests over REST; the rows of one have its time and its length in common."""
    seconds = read_numbers(stored.decided["seconds"])
    timed = np.isfinite(seconds)
    if stored.last_at is None or not timed.any():
        return None
    each = np.unique(np.column_stack([stored.at[timed], seconds[timed]]), axis=0)
    return ServedRequests(source="inference", data=data, moment=stored.last_at, seconds=each[:, 1])


def _since(spec: CheckSpec) -> datetime | None:
    """Up to where the newest check of predictions went that could tell; None: look at all that the window has.

    Too few for an answer are looked at again with those that follow. What was answered for is not: rows of an earlier
    file would make a trend of a jump, or a jump of the order in which a file is sorted.
    """
    found = [
        datetime.fromisoformat(str(result.evidence["moment"]))
        for result in spec.history
        if result.check == PREDICTION_DRIFT
        and result.model_version == spec.model_version
        and result.verdict is not CheckVerdict.UNKNOWN
        and "moment" in result.evidence
    ]
    return max(found, default=None) if spec.window == (None, None) else None


def known_outcomes(spec: CheckSpec, reference: Reference, truth: pd.DataFrame | None) -> KnownOutcomes | None:
    """Predictions with their truth; None when nothing was predicted.

    Without a window the newest outcomes, as many as the holdout had or at least ten times
    `min_rows`: what a model did long ago must not hide what it does now.
    """
    stored = join_truth(
        spec.inference,
        spec.actuals,
        task=spec.task,
        classes=spec.classes or reference.classes,
        positive=spec.positive,
        version=spec.model_version,
        window=spec.window,
        more_truth=truth,
    )
    if stored is None:
        return None
    known = stored.predictions.known()
    promised = reference.performance.rows if reference.performance is not None else 0
    most = max(promised, _TIMES_LEAST * spec.definition.monitoring.min_rows)
    newest = known if spec.window != (None, None) or len(known) <= most else known.take(slice(len(known) - most, None))
    matched = stored.joined.matched - stored.joined.unusable
    return KnownOutcomes(
        source="inference",
        early=_early(stored.predictions, stored.joined, reference),
        data=f"truths {matched // max(spec.definition.monitoring.min_rows, 1)}",
        moment=stored.last_at,
        predictions=newest,
        joined=stored.joined,
    )


def _early(predictions: Predictions, joined: Joined, reference: Reference) -> bool:
    """Whether most truths are missing, and those that are known belong to predictions of another sort than the rest."""
    maturity, watched = joined.maturity, reference.prediction
    if maturity is None or maturity >= _MATURE or watched is None:
        return False
    binned = bin_values(watched_values(predictions), watched.bins)
    known = predictions.labelled()
    sorts = [binned.sketch(watched.bins, rows).counts for rows in (known, ~known)]
    return homogeneity(*sorts) <= _OF_ONE_SORT


def answered_rows(
    spec: CheckSpec, reference: Reference, delivered: InputRows
) -> tuple[KnownOutcomes | None, StoredPredictions | None]:
    """What the version says of the delivery's rows, in the order of time: of those with their target, and of some of
    all.

    None where there are none, there is no `spec.artifact`, or it has learned the rows. Of very many rows it takes those
    that are in memory.
    """
    definition = spec.definition
    if spec.artifact is None or spec.learned:
        return None, None
    frame = in_order(delivered.frame, definition.time)
    labelled = np.zeros(len(frame), dtype=np.bool_)
    if definition.target in frame.columns:
        labelled = frame[definition.target].notna().to_numpy(dtype=np.bool_)
    some = np.zeros(len(frame), dtype=np.bool_)
    some[evenly(len(frame), _MOST_ESTIMATED)] = True
    asked = labelled | some
    if not asked.any():
        return None, None
    predictions, fault = _answered(spec, spec.artifact, reference, frame[asked])
    about: dict[str, Any] = {"data": delivered.data, "moment": delivered.moment, "begins": delivered.begins}
    usable = predictions.labelled() & predictions.sound()
    known = KnownOutcomes(
        **about,
        predictions=predictions.take(usable),
        joined=Joined(
            predictions=len(frame),
            matched=int(labelled.sum()),
            unusable=0 if fault else int(labelled.sum()) - int(usable.sum()),
        ),
        fault=fault,
        places=None if fault else frame[asked].index.to_numpy(dtype=np.intp)[usable],
    )
    answered = StoredPredictions(
        **about,
        predictions=predictions.take(slice(None) if fault else some[asked]),
        inputs=InputRows(**about, frame=frame[some]),
    )
    return known if labelled.any() else None, None if fault else answered


def _answered(
    spec: CheckSpec, artifact: ArtifactFile, reference: Reference, rows: pd.DataFrame
) -> tuple[Predictions, str]:
    """The rows' predictions with their target, or none and why. Raises `IntegrityError` for a damaged artifact."""
    model = bundle.load(artifact, load_or_create_key(Path(spec.key_path)))
    classes = spec.classes or reference.classes
    how: dict[str, Any] = {"task": spec.task, "classes": classes, "positive": spec.positive}
    truth = rows[spec.definition.target] if spec.definition.target in rows.columns else None
    try:
        return read_predictions(predict_recast(model, rows), truth, **how), ""
    except Exception as error:  # noqa: BLE001 - a model may be the team's own code, and a column may be gone
        nothing = read_predictions(rows.head(0).assign(**{PREDICTION: None}), None, **how)
        return nothing, safe(error, 200)
