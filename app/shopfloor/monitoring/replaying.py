"""A delivery's labelled rows, as versions of another age predict them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.recast import predict_recast
from shopfloor.domain.codec import from_json, utc
from shopfloor.domain.handles import ArtifactFile
from shopfloor.monitoring.check_context import InputRows, KnownOutcomes, ReplayedVersions, VersionAnswers
from shopfloor.monitoring.records import CheckSpec, Promise
from shopfloor.statistics.arrays import evenly
from shopfloor.statistics.frames import read_predictions

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 20_000
_ANOTHER_AGE = timedelta(days=1)


def replayed(spec: CheckSpec, labelled: KnownOutcomes, delivered: InputRows) -> ReplayedVersions | None:
    """What versions at least a day older or younger say of the rows; None where there is none.

    Of very many rows it takes some, evenly spaced. A version that cannot answer them, or whose artifact is gone or
    damaged, is left out: it serves nobody.
    """
    own = None if spec.artifact is None else spec.artifact.trained_until
    promise = _promise(Path(spec.reference_path))
    if own is None or promise is None or labelled.places is None or not len(labelled):
        return None
    chosen = evenly(len(labelled), MOST_ROWS)
    frame = delivered.frame.loc[labelled.places[chosen]]
    ages = [one for one in spec.others if one.trained_until and abs(utc(one.trained_until) - utc(own)) >= _ANOTHER_AGE]
    answers = [one for one in (_answers(spec, other, frame) for other in ages) if one is not None]
    if not answers:
        return None
    return ReplayedVersions(
        data=labelled.data,
        moment=labelled.moment,
        begins=labelled.begins,
        own=VersionAnswers(spec.model_version, utc(own), promise, labelled.predictions.take(chosen)),
        others=answers,
    )


def _answers(spec: CheckSpec, file: ArtifactFile, frame: pd.DataFrame) -> VersionAnswers | None:
    try:
        model = bundle.load(file, load_or_create_key(Path(spec.key_path)))
        answers = predict_recast(model, frame)
    except Exception:  # noqa: BLE001 - it may be gone, or the team's own code, and so may a column
        return None
    truth = frame[spec.definition.target]
    said = read_predictions(answers, truth, task=spec.task, classes=spec.classes, positive=spec.positive)
    promise = _promise(Path(file.path) / bundle.REFERENCE)
    if file.trained_until is None or promise is None:
        return None
    return VersionAnswers(file.version, utc(file.trained_until), promise, said)


def _promise(reference: Path) -> Promise | None:
    """None where the version has no reference."""
    return from_json(reference.read_bytes(), Promise) if reference.exists() else None
