"""Whether a champion is a bar for its challenger: only one that does the same work with inputs that are allowed."""

from __future__ import annotations

from collections.abc import Collection

from shopfloor.artifacts.manifest import ArtifactManifest
from shopfloor.domain.definition import ModelDefinition, Task
from shopfloor.domain.text import listed, safe


def no_bar(champion: ArtifactManifest, definition: ModelDefinition, task: Task, columns: Collection[str]) -> str:
    """Why a comparison with the champion says nothing about a model of the definition, in words; empty when it does.

    `columns` are those of the dataset that the definition names now.
    """
    if champion.target != definition.target:
        return f"it predicts {safe(champion.target, 60)!r}, not {safe(definition.target, 60)!r}"
    if champion.task is not task:
        return f"its task is {champion.task.value}, not {task.value}"
    excluded = [one.name for one in champion.features if one.name in definition.exclude]
    if excluded:
        return f"it uses {listed(excluded)}, which the definition excludes"
    missing = [one.name for one in champion.features if one.name not in columns and not one.optional]
    if missing:
        return f"it needs {listed(missing)}, which dataset {definition.dataset} does not have"
    return ""
