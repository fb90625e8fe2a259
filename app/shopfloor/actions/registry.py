"""All actions, and the ways to find one."""

from __future__ import annotations

from shopfloor.actions import (
    alerts,
    datasets,
    define,
    files,
    jobs,
    lineage,
    models,
    navigation,
    release,
    training,
    workspace,
)
from shopfloor.actions.action import Action
from shopfloor.actions.panes import Scope
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.record import Record
from shopfloor.domain.text import safe

ALL: tuple[Action, ...] = (
    *files.ACTIONS,
    *datasets.ACTIONS,
    *define.ACTIONS,
    *training.ACTIONS,
    *release.ACTIONS,
    *models.ACTIONS,
    *alerts.ACTIONS,
    *jobs.ACTIONS,
    *lineage.ACTIONS,
    *workspace.ACTIONS,
    *navigation.ACTIONS,
)

_BY_NAME = {action.name: action for action in ALL}


def by_name(name: str) -> Action:
    """The action called `name`; raises `UsageError` with the nearest one."""
    found = _BY_NAME.get(name)
    if found is None:
        raise UsageError(f"There is no action {safe(name, 60)!r}.", hint=did_you_mean(name, _BY_NAME))
    return found


def for_scope(scope: Scope | str) -> tuple[Action, ...]:
    """The actions of a scope: its own by rank (those without one last), then the global ones."""
    wanted = Scope(scope)
    own = [each for each in ALL if wanted in each.scopes]
    world = [each for each in ALL if Scope.GLOBAL in each.scopes and each not in own]
    return (*_ranked(own), *_ranked(world))


def footer(scope: Scope | str, record: Record | None, limit: int = 7) -> tuple[Action, ...]:
    """What the footer shows: at most `limit` actions that can be done now, in order of rank.

    Help and the command prompt always keep their places at the end.
    """
    ranked = sorted((each for each in for_scope(scope) if each.rank), key=lambda each: each.rank)
    usable = [each for each in ranked if each.unavailable(record) is None and each.key]
    always = [each for each in usable if each.rank >= 90]
    rest = [each for each in usable if each.rank < 90]
    return (*rest[: max(limit - len(always), 0)], *always[:limit])


def _ranked(actions: list[Action]) -> list[Action]:
    return sorted(actions, key=lambda each: (each.rank == 0, each.rank))
