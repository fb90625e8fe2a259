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


async def facts_for(courier: AsyncClient, action: Action, record: Record | str | None) -> list[Pair]:
    """Verdict, gain, scores and what speaks against it; empty for actions that move no champion."""
    name, _, number = action.target(record).partition("@")
    if not name or action.confirm is None or action.confirm.evidence is Evidence.NONE:
        return []
    try:
        model = await courier.ask(ModelShow(name=name))
        versions = {one.version: one for one in (await courier.ask(ModelVersions(name=name))).rows}
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
    return facts if wanted.decision is None else [*facts, *models.decision_facts(wanted.decision)]


def _version(version: ModelVersion | None, metric: str) -> str:
    if version is None:
        return words.NONE
    data = f", data @{version.dataset_version}" if version.dataset_version is not None else ""
    score = f"{metric} {words.score(version.score)} at training{data}"
    return f"v{version.version}  {score}, {words.ago(version.created_at)} old"
