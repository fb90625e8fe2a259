"""The recipe of a model: all that turns rows into it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from shopfloor.artifacts.manifest import KeptRecipe
from shopfloor.domain.codec import to_json
from shopfloor.domain.definition import ModelDefinition
from shopfloor.training.recipes import is_recipe


def recipe_of(definition: ModelDefinition, candidate: str, workspace: str) -> KeptRecipe:
    """The recipe that a definition makes of a candidate, as its files are now.

    Parameters that a search finds in the rows are no part of it, nor are columns that join the dataset: both are what
    the recipe makes of the rows.
    """
    training = definition.training
    facts = (
        definition.dataset,
        definition.target,
        definition.task,
        definition.positive,
        definition.time,
        definition.id,
        sorted(definition.segment_by),
        sorted(definition.features),
        sorted(definition.exclude),
        training.window_days,
    )
    digest = hashlib.sha256(to_json(facts)).hexdigest()
    return KeptRecipe(candidate=candidate, digest=digest, code=_source(candidate, workspace))


def _source(candidate: str, workspace: str) -> str:
    """The digest of the team's own code; empty for a candidate of the product."""
    if not is_recipe(candidate):
        return ""
    path = Path(workspace) / candidate.partition(":")[0]
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
