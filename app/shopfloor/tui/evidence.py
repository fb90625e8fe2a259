"""What a person should see before deciding about a model."""

from __future__ import annotations

from shopfloor.actions.action import Action, Evidence
from shopfloor.domain.errors import ShopfloorError
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelVersion
from shopfloor.domain.requests.models import ModelShow, ModelVersions
from shopfloor.tui.async_client import AsyncClient
from shopfloor.tui.views import models, words
from shopfloor.tui.widgets.key_value import Pair

_SECONDS = 4.0  # the question comes without its evidence then: keys wait for it


async def effect_of(client: AsyncClient, action: Action, record: Record | str | None) -> str:
    """What confirming will do, in numbers; empty where nothing is known of it."""
    if action.confirm is None or not record:
        return ""
    if isinstance(record, str):
        if action.confirm.show is None:
            return ""
        try:
            record = await client.ask(action.confirm.show(record), timeout=_SECONDS)
        except ShopfloorError:
            return ""  # the engine refuses what cannot be
    return action.confirm.effect(record) if isinstance(record, Record) else ""


async def facts_for(client: AsyncClient, action: Action, record: Record | str | None) -> list[Pair]:
    """Verdict, gain, scores and failed checks; empty for actions that do not change the champion."""
    name, _, number = action.target(record).partition("@")
    if not name or action.confirm is None or action.confirm.evidence is Evidence.NONE:
        return []
    try:
        model = await client.ask(ModelShow(name=name), timeout=_SECONDS)
        versions = {one.version: one for one in (await client.ask(ModelVersions(name=name), timeout=_SECONDS)).rows}
    except ShopfloorError:
        return []  # the dialog still asks; the engine refuses what cannot be
    champion = versions.get(model.champion or 0)
    now = [Pair("serves now", _version(champion, model.metric))] if champion else [Pair("serves now", "nothing")]
    if action.confirm.evidence is Evidence.PREVIOUS:
        return [*now, Pair("comes back", _version(versions.get(model.previous or 0), model.metric), "strong")]
    wanted = versions.get(int(number)) if number.isdecimal() else None
    if wanted is None:
        return now
    facts = [*now, Pair("candidate", _version(wanted, model.metric), "strong")]
    decision = wanted.decision
    return facts if decision is None else [*facts, *models.decision_facts(decision, wanted.version, model)]


def _version(version: ModelVersion | None, metric: str) -> str:
    if version is None:
        return words.NONE
    data = f", data @{version.dataset_version}" if version.dataset_version is not None else ""
    score = f"{metric} {words.score(version.score)} at training{data}"
    return f"v{version.version}  {score}, {words.ago(version.created_at)} old"
