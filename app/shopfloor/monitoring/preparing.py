"""What the checks of a model need: its reference, the newest delivery, stored predictions, ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shopfloor.artifacts import bundle
from shopfloor.artifacts.key import load_or_create_key
from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.contract import Mode
from shopfloor.domain.dataset import DatasetVersion, Part
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.handles import ArtifactFile
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.service import BATCH, REST, RequestCounts
from shopfloor.domain.value import ValueGroup
from shopfloor.lake.locations import artifact_file, part_files
from shopfloor.lake.manifest import touched_by
from shopfloor.monitoring.records import (
    PERFORMANCE,
    SERVICE_ERRORS,
    BacktestSpec,
    CheckSpec,
    Delivery,
    Rival,
    ValueSpec,
)
from shopfloor.monitoring.tasks import CheckTask
from shopfloor.monitoring.terms import terms_of
from shopfloor.runtime.context import Context
from shopfloor.runtime.inference import DELIVERY
from shopfloor.store import alerts, datasets, inference, jobs, models, requests, thresholds, trust, value
from shopfloor.store.inference import LogKind
from shopfloor.store.rows import Query

_HISTORY = 50
"""So many results of each check and feature on rows from one source say what is usual."""
_REPLAYED, _REPLAYED_OF = 4, 50


def check_task(
    context: Context,
    query: Query,
    definition: ModelDefinition,
    version: int,
    dataset_version: int | None,
    staging: Path,
) -> CheckTask | None:
    """The checks of a version; None when the version or its reference is gone."""
    file, manifest, reference = _artifact(context, query, definition.name, version)
    if manifest is None or not reference.exists():
        return None
    delivery = datasets.version(query, definition.dataset, dataset_version) if dataset_version else None
    shown = delivery or datasets.version(query, definition.dataset, datasets.current_version(query, definition.dataset))
    added = _delivered(query, delivery) if delivery is not None else ()
    dataset = datasets.get(query, definition.dataset)
    new = delivery is not None and _is_new(delivery, manifest)
    checks = CheckSpec(
        definition=definition,
        model_version=version,
        **_task_of(manifest),
        reference_path=str(reference),
        columns=shown.columns if shown is not None else (),
        data=part_files(context.layout, added),
        labels_follow=dataset is not None and dataset.mode == Mode.UPSERT,
        artifact=file,
        learned=not new,
        others=_of_another_age(context, query, definition.name, file, delivery) if new and delivery else (),
        key_path=str(context.layout.signing_key),
        inference=_log(context, query, definition.name, LogKind.PREDICTIONS),
        actuals=_actuals(context, query, definition),
        history=known_history(query, definition),
        value=None if definition.value is None else value_spec(context, query, definition, delivery=delivery),
        requests=_requests(query, definition.name, version),
        now=context.clock.now(),
    )
    return CheckTask(
        checks=checks,
        staging=str(staging),
        arrived_at=delivery.created_at if delivery is not None else None,
        dataset_version=delivery.version if delivery is not None else None,
        challenger=_challenger(context, query, definition.name, delivery) if delivery is not None and new else None,
    )


def _of_another_age(
    context: Context, query: Query, model: str, version: ArtifactFile | None, delivery: DatasetVersion
) -> tuple[ArtifactFile, ...]:
    """The newest versions of other content than `version` that learned from data before the delivery."""
    found: dict[str, ArtifactFile] = {}
    for one in models.versions(query, model, _REPLAYED_OF, 0).rows:
        learned = one.dataset_version
        if version is not None and one.artifact.sha256 != version.sha256 and learned and learned < delivery.version:
            facts = models.facts(query, model, one.version)
            until = one.created_at if facts is None else facts.trained_until or facts.created_at
            found.setdefault(
                one.artifact.sha256, artifact_file(context.layout, model, one.version, one.artifact.sha256, until)
            )
    return tuple(found.values())[:_REPLAYED]


def known_history(query: Query, definition: ModelDefinition) -> tuple[CheckResult, ...]:
    """The newest results of each of a model's checks, newest first, without those about rows that have left the
    dataset, and without the scores on broken ones.
    """
    gone = trust.withdrawn_samples(query, definition.dataset)
    unscored = gone | trust.broken_samples(query, definition.dataset)
    rows = alerts.recent_checks(query, definition.name, max(_HISTORY, *definition.monitoring.persistence))
    return tuple(
        row for row in rows if row.evidence.get("data") not in (unscored if row.check == PERFORMANCE else gone)
    )


def _requests(query: Query, model: str, version: int) -> tuple[RequestCounts, ...]:
    """The requests to a version since the last run that could tell, by source; none where none has come since the last
    run of all.
    """
    past = [one for one in alerts.newest_checks(query, model) if one.check == SERVICE_ERRORS]
    found = []
    for source in (REST, BATCH):
        last = next((one for one in past if one.evidence["source"] == source), None)
        after = seen = 0
        if last is not None:
            again = last.verdict is CheckVerdict.UNKNOWN and last.model_version == version
            seen = int(last.evidence["until"])
            after = int(last.evidence["after"]) if again else seen
        found.append((requests.counted_after(query, model, version, source, after), seen))
    return tuple(counts for counts, seen in found if counts.until > seen)


def _challenger(context: Context, query: Query, model: str, delivery: DatasetVersion) -> ArtifactFile | None:
    """The challenger, where it has learned none of the delivery's rows."""
    number = models.aliases(query, model).get("challenger")
    file, manifest, _ = _artifact(context, query, model, number) if number is not None else _NONE
    return file if manifest is not None and _is_new(delivery, manifest) else None


def value_spec(
    context: Context,
    query: Query,
    definition: ModelDefinition,
    by: ValueGroup = ValueGroup.MONTH,
    delivery: DatasetVersion | None = None,
    *,
    paired: bool = False,
) -> ValueSpec:
    """All predictions and ground truth of a model, with what the rows of `delivery` say of them; where `paired`, the
    previous champion decides the rows of the champion, too.
    """
    aliases = models.aliases(query, definition.name)
    champion = aliases.get("champion")
    _, manifest, reference = _artifact(context, query, definition.name, champion) if champion else _NONE
    newest = datasets.version(query, definition.dataset, datasets.current_version(query, definition.dataset))
    facts: dict[str, Any] = {"task": definition.task or "binary"}
    if manifest is not None:
        facts = {key: value for key, value in _task_of(manifest).items() if key != "metric"}
    return ValueSpec(
        definition=definition,
        **facts,
        reference_path=str(reference) if manifest is not None and reference.exists() else None,
        terms=terms_of(query, definition),
        costs=value.costs(query, definition.name),
        champion=champion,
        previous=aliases.get("previous"),
        threshold=_threshold(query, definition.name, champion),
        rival=_rival(context, query, definition.name, aliases.get("previous")) if paired else None,
        columns=newest.columns if newest is not None else (),
        data=part_files(context.layout, datasets.added_parts(query, definition.dataset, delivery.version))
        if delivery is not None
        else (),
        arrived_at=delivery.created_at if delivery is not None else None,
        inference=_log(context, query, definition.name, LogKind.PREDICTIONS),
        actuals=_actuals(context, query, definition),
        by=by,
    )


def _rival(context: Context, query: Query, model: str, previous: int | None) -> Rival | None:
    file, manifest, _ = _artifact(context, query, model, previous) if previous is not None else _NONE
    if previous is None or file is None or manifest is None:
        return None
    return Rival(
        artifact=file,
        key_path=str(context.layout.signing_key),
        threshold=thresholds.of_version(query, model, previous),
        made_at=manifest.created_at,
    )


def _threshold(query: Query, model: str, champion: int | None) -> float:
    """The champion's threshold; that of the most probable class without one."""
    found = None if champion is None else thresholds.of_version(query, model, champion)
    return 0.5 if found is None else found


def backtest_spec(
    context: Context, query: Query, definition: ModelDefinition, other: ModelDefinition | None = None
) -> BacktestSpec | None:
    """Every delivery so far against the champion's reference, under the model's rule and another one."""
    champion = models.aliases(query, definition.name).get("champion")
    _, manifest, reference = _artifact(context, query, definition.name, champion) if champion else _NONE
    newest = datasets.version(query, definition.dataset, datasets.current_version(query, definition.dataset))
    if manifest is None or champion is None or newest is None or not reference.exists():
        return None
    deliveries = []
    for version in reversed(datasets.versions(query, definition.dataset, 1000, 0).rows):
        added = _delivered(query, version)
        if added:
            deliveries.append(
                Delivery(
                    dataset_version=version.version, parts=part_files(context.layout, added), at=version.created_at
                )
            )
    return BacktestSpec(
        definition=definition,
        other=other,
        performance=alerts.checks_of(query, definition.name, PERFORMANCE),
        model_version=champion,
        reference_path=str(reference),
        columns=newest.columns,
        deliveries=tuple(deliveries),
    )


def _delivered(query: Query, version: DatasetVersion) -> tuple[Part, ...]:
    """The parts that hold what a version brought, not those that an upsert wrote anew without the rows it replaced.

    A rollback has no files: all that it brought back counts.
    """
    added = datasets.added_parts(query, version.dataset, version.version)
    return touched_by(added, version.files) or added


def _task_of(manifest: ArtifactManifest) -> dict[str, Any]:
    """What the artifact says about its task, so that a changed definition does not change the past."""
    return {
        "task": manifest.task,
        "metric": manifest.metric,
        "positive": manifest.positive,
        "classes": manifest.classes,
    }


def _is_new(delivery: DatasetVersion, manifest: ArtifactManifest) -> bool:
    """Whether the version has learned none of the delivery's rows: not where a rollback brought them back."""
    learned = manifest.dataset_version
    return delivery.restored is None and (learned is None or learned < delivery.version)


_NONE: tuple[ArtifactFile | None, ArtifactManifest | None, Path] = (None, None, Path())


def _artifact(
    context: Context, query: Query, model: str, version: int
) -> tuple[ArtifactFile | None, ArtifactManifest | None, Path]:
    facts = models.facts(query, model, version)
    if facts is None:
        return _NONE
    until = facts.trained_until or facts.created_at
    file = artifact_file(context.layout, model, version, facts.sha256, until)
    manifest = bundle.prove(file, load_or_create_key(context.layout.signing_key))
    return file, manifest, Path(file.path) / bundle.REFERENCE


def _actuals(context: Context, query: Query, definition: ModelDefinition) -> tuple[str, ...]:
    """Without those that came with deliveries which are broken, or whose rows have left the dataset."""
    unreliable = trust.unreliable(query, definition.dataset)
    parts = inference.parts(query, definition.name, LogKind.ACTUALS)
    delivered = {part.origin for part in parts if part.source == DELIVERY} if unreliable else ()
    left = {id for id in delivered if jobs.get(query, id).payload.get("dataset_version") in unreliable}
    return tuple(str(context.layout.root / part.path) for part in parts if part.origin not in left)


def _log(context: Context, query: Query, model: str, kind: LogKind) -> tuple[str, ...]:
    return tuple(str(context.layout.root / part.path) for part in inference.parts(query, model, kind))
