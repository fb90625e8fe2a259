"""Telling the serving process which version of a model is champion."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import msgspec

from shopfloor.domain.contract import Parser
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.handles import ArtifactFile
from shopfloor.runtime.champion import champion_artifact
from shopfloor.runtime.context import Context
from shopfloor.serving.deployment import Deployment, read_deployment, remove_deployment, write_deployment

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
    parser = _parser(context, definition.dataset, known)
    deployment = _deployment(definition, champion, parser, context.clock.now())
    if known is None or msgspec.structs.replace(known, updated_at=deployment.updated_at) != deployment:
        write_deployment(context.layout.serving, deployment)


def _parser(context: Context, dataset: str, known: Deployment | None) -> Parser:
    """What the contract declares; what it did before where it cannot be read now."""
    try:
        contract = context.contract(dataset)
    except ShopfloorError:
        return Parser(missing=known.missing, decimal=known.decimal) if known is not None else Parser()
    return contract.parser if contract is not None else Parser()


def _deployment(definition: ModelDefinition, champion: ArtifactFile, parser: Parser, now: datetime) -> Deployment:
    return Deployment(
        model=definition.name,
        version=champion.version,
        artifact=champion,
        id=definition.id,
        time=definition.time,
        missing=parser.missing,
        decimal=parser.decimal,
        updated_at=now,
    )


def _known(serving: Path, model: str) -> Deployment | None:
    try:
        return read_deployment(serving, model)
    except ShopfloorError:
        return None  # a damaged file is written again
