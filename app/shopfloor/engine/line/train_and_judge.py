"""Train a challenger, describe what it learnt from, and judge it against the champion on the same rows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from shopfloor.artifacts import bundle
from shopfloor.artifacts.family import FittedFamily
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.artifacts.recast import predict_recast
from shopfloor.artifacts.row_times import known_row_times
from shopfloor.domain.codec import to_json, utc
from shopfloor.domain.columns import Column
from shopfloor.domain.dataset import FreshRows
from shopfloor.domain.definition import Split
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.handles import ArtifactFile, LossPart
from shopfloor.domain.release import Decision, Outcome
from shopfloor.domain.run import ArtifactRef
from shopfloor.engine.line.train_records import TrainOutcome, TrainTask
from shopfloor.monitoring.losses import write_rows
from shopfloor.monitoring.reference import Holdout, build_reference
from shopfloor.release.champion_bar import no_bar
from shopfloor.release.gate import after_test, judge
from shopfloor.release.input_compatibility import changed_inputs
from shopfloor.release.records import GateSpec
from shopfloor.runtime.task import Progress
from shopfloor.statistics.alpha_wallet import new_blocks
from shopfloor.statistics.arrays import Codes, Mask
from shopfloor.statistics.blocks import DAY
from shopfloor.statistics.frames import read_predictions
from shopfloor.training.kept_recipe import recipe_of
from shopfloor.training.records import Incumbent
from shopfloor.training.train import train
from shopfloor.training.trained import Trained

_ROW_SAMPLE = 50


def train_and_judge(task: TrainTask, progress: Progress) -> TrainOutcome:
    """The whole of a training job; `progress` gets a share and the name of the step.

    Where another recipe than the champion's is best but is not released, the champion's own gets the newest rows.
    """
    task = msgspec.structs.replace(task, train=msgspec.structs.replace(task.train, incumbent=_incumbent(task)))
    trained = train(task.train, lambda share, stage: progress(0.8 * share, stage))
    artifact, decision = _stage_and_judge(task, trained, progress)
    if trained.instead is not None and not _is_content(decision):
        tried, trained = decision, trained.instead()
        shutil.rmtree(task.staging, ignore_errors=True)
        artifact, decision = _stage_and_judge(task, trained, progress)
        decision = after_test(decision, tried)
    losses = _losses(task, trained)
    return TrainOutcome(record=trained.record, artifact=artifact, staged=task.staging, decision=decision, losses=losses)


def _stage_and_judge(task: TrainTask, trained: Trained, progress: Progress) -> tuple[ArtifactRef, Decision]:
    progress(0.85, "reference")
    reference = _reference(task, trained)
    progress(0.9, "artifact")
    artifact = bundle.stage(
        trained.model,
        _manifest(task, trained),
        Path(task.staging),
        load_or_create_key(Path(task.key_path)),
        {bundle.REFERENCE: reference},
    )
    progress(0.95, "gate")
    return artifact, _judge(task, trained, artifact)


def _incumbent(task: TrainTask) -> Incumbent | None:
    """The champion's recipe. None where it is not known, or the team's code that it needs has changed."""
    if task.champion is None:
        return None
    manifest = bundle.verify(task.champion, load_or_create_key(Path(task.key_path)))
    kept, definition = manifest.recipe, task.train.definition
    if kept is None or manifest.target != definition.target:
        return None
    again = recipe_of(definition, kept.candidate, task.train.workspace)
    if again.code != kept.code:
        return None
    same = again == kept and kept.candidate in definition.training.candidates
    return Incumbent(candidate=kept.candidate, features=tuple(one.name for one in manifest.features), same=same)


def _is_content(decision: Decision) -> bool:
    """Whether the gate would release it, or only a person or the policy holds it back."""
    return decision.outcome is not Outcome.REJECT and not any(
        check.blocking and check.passed is not True and check.code != "policy" and not check.needs_word
        for check in decision.checks
    )


def _manifest(task: TrainTask, trained: Trained) -> ArtifactManifest:
    definition, record = task.train.definition, trained.record
    return ArtifactManifest(
        model=definition.name,
        run=task.train.run,
        dataset=definition.dataset,
        dataset_version=task.train.dataset_version,
        task=record.task,
        metric=record.metric,
        target=definition.target,
        positive=record.positive,
        classes=record.classes,
        features=tuple(trained.model.features),
        id=definition.id,
        time=definition.time,
        segment_by=definition.segment_by,
        segments=len(trained.model.members) if isinstance(trained.model, FittedFamily) else 0,
        trained_until=record.trained_until,
        recipe=recipe_of(definition, str(record.params["candidate"]), task.train.workspace),
        environment=record.environment,
        created_at=task.now,
    )


def _times(task: TrainTask, trained: Trained) -> pd.Series | None:
    column = task.train.definition.time
    return known_row_times(trained.holdout[column]) if column is not None and column in trained.holdout else None


def deliveries_of(task: TrainTask, rows: pd.DataFrame) -> Codes:
    """The dataset version that brought each of `rows`, (n,): a row's label is its position in the parts."""
    return np.asarray(_brought(task)[rows.index.to_numpy()], dtype=np.intp)


def _brought(task: TrainTask) -> Codes:
    """The dataset version that brought each row of the parts, (rows,)."""
    parts = task.train.parts
    brought = np.repeat([task.deliveries.get(part.sha256, 0) for part in parts], [part.rows for part in parts])
    return np.asarray(brought, dtype=np.intp)


def unlabelled_of(task: TrainTask, trained: Trained) -> list[tuple[int, int]]:
    """Rows without a target, of how many, by delivery, oldest first."""
    brought = _brought(task)
    rows, missing = np.bincount(brought), np.bincount(brought[trained.unlabelled], minlength=int(brought.max()) + 1)
    return [(int(missing[one]), int(rows[one])) for one in np.flatnonzero(rows)]


def blocks_of_versions(fresh: Sequence[FreshRows], labelled: float) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The same from what was new in each version, of which the share `labelled` has a target."""
    rows = [round(min(1.0, labelled) * one.rows) for one in fresh]
    days = [utc(one.newest).timestamp() / 86_400 for one in fresh]
    delivery = np.repeat([one.version for one in fresh], rows)
    return new_blocks(np.asarray(delivery, dtype=np.intp), np.repeat(days, rows))


def _new_blocks(task: TrainTask, trained: Trained) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Blocks of labelled rows, and what part of a month each stands for: by the time of the rows, else by arrival."""
    rows = trained.rows
    if task.fresh:
        return blocks_of_versions(task.fresh, len(rows) / max(1, sum(part.rows for part in task.train.parts)))
    delivery = deliveries_of(task, rows)
    column = task.train.definition.time
    times = known_row_times(rows[column]) if column is not None and column in rows else None
    if times is None:
        known = pd.Series(delivery).map(task.arrived)
        times = pd.to_datetime(known, utc=True).dt.tz_localize(None)
    moment = times.to_numpy(dtype="datetime64[us]")
    day = np.where(np.isnat(moment), np.nan, moment.astype(np.int64) / DAY)
    return new_blocks(delivery, day)


def _judge(task: TrainTask, trained: Trained, artifact: ArtifactRef) -> Decision:
    record = trained.record
    dummy = next((candidate for candidate in record.candidates if candidate.name == "dummy"), None)
    champion = task.champion
    model = None if champion is None else bundle.load(champion, load_or_create_key(Path(task.key_path)))
    bar, answers = "", trained.incumbent
    by_recipe = trained.refreshes or answers is not None
    if champion is not None and model is not None and not by_recipe:
        bar, answers = _bar(task, trained, champion, model)
    in_blocks = by_recipe or champion is None or bool(bar)
    delivery = deliveries_of(task, trained.holdout)
    unseen = np.ones(len(delivery), dtype=np.bool_)
    if not in_blocks and champion is not None:
        unseen = _not_learned(task, trained, champion, delivery)
    if in_blocks and record.blocks > 1:
        delivery = trained.block
    blocks, months = _new_blocks(task, trained)
    spec = GateSpec(
        definition=task.train.definition,
        metric=record.metric,
        task=record.task,
        classes=record.classes,
        positive=record.positive,
        champion_version=champion.version if champion else None,
        champion_trained_until=champion.trained_until if champion and not bar else None,
        refreshes=champion.version if champion is not None and trained.refreshes else None,
        unseen=in_blocks,
        holdout_from=record.holdout_from,
        dummy_score=dummy.metrics.get(record.metric) if dummy else None,
        artifact_bytes=artifact.bytes,
        row_ms=_row_milliseconds(trained),
        earlier_tests=task.earlier_tests,
        new_blocks=blocks,
        block_months=months,
        split=record.split,
        changed_inputs=() if model is None else changed_inputs(model.features, trained.model.features),
        no_bar=bar,
        value_source=task.value_source,
        seed=task.train.seed,
        now=task.now,
    )
    times = _times(task, trained)
    return judge(
        spec,
        trained.holdout[unseen],
        trained.truth[unseen],
        trained.predictions[unseen],
        None if answers is None else answers[unseen],
        None if times is None else times[unseen],
        delivery[unseen],
        trained.fresher,
    )


def _not_learned(task: TrainTask, trained: Trained, champion: ArtifactFile, delivery: Codes) -> Mask:
    """The rows that the champion's artifact had not learned, where rows are divided by hash: those that came later, or,
    of an artifact from before recipes were kept, those of the fold that was held out then. Rows that are divided by
    time the gate tells apart itself.
    """
    if trained.record.split is not Split.HASH:
        return np.ones(len(delivery), dtype=np.bool_)
    manifest = bundle.verify(champion, load_or_create_key(Path(task.key_path)))
    if manifest.recipe is None:
        return np.asarray(trained.block == 0)
    return np.asarray(delivery > (manifest.dataset_version or 0))


def _bar(task: TrainTask, trained: Trained, champion: ArtifactFile, model: Any) -> tuple[str, pd.DataFrame | None]:
    """Why the champion is no bar, or what it says of the holdout rows."""
    manifest = bundle.verify(champion, load_or_create_key(Path(task.key_path)))
    columns = {column.name for column in task.train.columns}
    reason = no_bar(manifest, task.train.definition, trained.record.task, columns)
    try:
        return reason, None if reason else predict_recast(model, trained.holdout)
    except ShopfloorError as error:
        return f"it cannot answer these rows ({error.message.rstrip('.')})", None


def _losses(task: TrainTask, trained: Trained) -> tuple[LossPart, ...]:
    """What the new version said of the holdout."""
    record = trained.record
    said = read_predictions(
        trained.predictions, trained.truth, task=record.task, classes=record.classes, positive=record.positive
    )
    delivery = deliveries_of(task, trained.holdout)
    spec = task.train
    part = write_rows(said, trained.holdout, delivery, spec.columns, spec.definition, Path(spec.scratch))
    return () if part is None else (LossPart(version=None, part=part),)


def _row_milliseconds(trained: Trained) -> float:
    """The median time of one row through the row path, as serving would ask for it."""
    rows = trained.holdout.head(_ROW_SAMPLE).to_dict("records")
    times: list[float] = []
    for row in rows:
        values = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        begun = time.perf_counter()
        trained.model.predict_row(values)
        times.append(time.perf_counter() - begun)
    return round(1000 * sorted(times)[len(times) // 2], 4) if times else 0.0


def _others(task: TrainTask, trained: Trained) -> list[Column]:
    """The dataset's columns that the model did not learn from, and that no check of their own watches."""
    definition = task.train.definition
    known = {definition.target, definition.id, definition.time, *(feature.name for feature in trained.model.features)}
    return [column for column in task.train.columns if column.name not in known and column.name in trained.rows]


def _reference(task: TrainTask, trained: Trained) -> bytes:
    """What drift will be measured from: all rows known now, the newest deliveries included."""
    record, definition = trained.record, task.train.definition
    frame = trained.rows.reset_index(drop=True)
    time_column = definition.time if definition.time in frame else None
    reference = build_reference(
        frame,
        trained.model.columns,
        others=_others(task, trained),
        model=definition.name,
        task=record.task,
        metric=record.metric,
        classes=record.classes,
        positive=record.positive,
        target=definition.target,
        unlabelled=unlabelled_of(task, trained),
        time=known_row_times(frame[time_column]) if time_column is not None else None,
        importances={feature.name: feature.importance for feature in record.features},
        holdout=Holdout(trained.predictions, trained.truth, _times(task, trained), trained.holdout),
        seed=task.train.seed,
        created_at=task.now,
    )
    return to_json(reference)
