"""Telling the serving process which version of a model is champion."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.definition import Humility, ModelDefinition
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.runtime.champion import champion_artifact
from shopfloor.runtime.context import Context
from shopfloor.runtime.contract_book import Stamp
from shopfloor.serving.association_ids import pinned_column
from shopfloor.serving.deployment import Deployment, read_deployment, remove_deployment, write_deployment
from shopfloor.store import thresholds

_LOG = logging.getLogger("shopfloor.serving")


def deploy(context: Context, model: str) -> None:
    """Tell the serving process which version is champion. May be repeated; tells nothing new twice."""
    try:
        definition = context.definition(model)
    except ShopfloorError as error:
        _LOG.warning("%s is not deployed: %s", model, error)
        return
    champion = context.store.read(lambda query: champion_artifact(context, query, model))
    if champion is None or definition.retired:
        remove_deployment(context.layout.serving, model)
        return
    known = _known(context.layout.serving, model)
    # Relative, so that a workspace that was moved or copied serves at once.
    artifact = msgspec.structs.replace(champion, path=context.layout.relative(Path(champion.path)))
    threshold = context.store.read(lambda query: thresholds.of_version(query, model, champion.version))
    told = _deployment(definition, artifact, threshold, context.clock.now())
    deployment = _as_written(context, told, definition, known)
    if known is None or msgspec.structs.replace(known, updated_at=deployment.updated_at) != deployment:
        write_deployment(context.layout.serving, deployment)


@dataclass
class Redeployment:
    """Deployments that follow their datasets' contracts and their models' humility. `_seen` are those that they were
    written by.
    """

    context: Context
    _seen: dict[str, Stamp] = field(default_factory=dict)
    _humble: dict[str, Humility | None] = field(default_factory=dict)

    def __call__(self) -> None:
        """Deploy the models of every contract or humility that changed since the last call."""
        stamps = dict(self.context.book.stamps)
        changed = {dataset for dataset, stamp in stamps.items() if self._seen.get(dataset) != stamp}
        for definition in self.context.all_models():
            humility = definition.humility
            if definition.dataset in changed or self._humble.get(definition.name, humility) != humility:
                deploy(self.context, definition.name)
            self._humble[definition.name] = humility
        self._seen = stamps


def _deployment(
    definition: ModelDefinition, champion: ArtifactFile, threshold: float | None, now: datetime
) -> Deployment:
    return Deployment(
        model=definition.name,
        version=champion.version,
        artifact=champion,
        id=definition.id,
        time=definition.time,
        threshold=threshold,
        humility=definition.humility,
        updated_at=now,
    )


def _as_written(
    context: Context, deployment: Deployment, definition: ModelDefinition, known: Deployment | None
) -> Deployment:
    """With what the contract says of how rows are written; as it was before where it cannot be read now."""
    try:
        contract = context.contract(definition.dataset)
    except ShopfloorError:
        before = known or deployment
        return msgspec.structs.replace(deployment, missing=before.missing, decimal=before.decimal, labels=before.labels)
    if contract is None:
        return deployment
    labels = (pinned_column(name, contract) for name in dict.fromkeys([definition.id, *definition.segment_by]))
    return msgspec.structs.replace(
        deployment,
        missing=contract.parser.missing,
        decimal=contract.parser.decimal,
        labels=tuple(column for column in labels if column is not None),
    )


def _known(serving: Path, model: str) -> Deployment | None:
    try:
        return read_deployment(serving, model)
    except ShopfloorError:
        return None  # a damaged file is written again
