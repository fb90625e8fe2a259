"""The candidates by the name that definitions give them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.training import candidates, recipes
from shopfloor.training.candidates.candidate import Candidate, Fit, FitJob
from shopfloor.training.candidates.dummy import DUMMY
from shopfloor.training.candidates.recipe import RecipeCandidate


@cache
def built_in() -> dict[str, Candidate]:
    """Every candidate of this package, by name; the modules' order."""
    names = [module.name for module in pkgutil.iter_modules(candidates.__path__)]
    modules = [importlib.import_module(f"{candidates.__name__}.{name}") for name in names if name != "registry"]
    found: list[Candidate] = [module.CANDIDATE for module in modules if hasattr(module, "CANDIDATE")]
    return {candidate.name: candidate for candidate in found}


def candidate(name: str) -> Candidate:
    """The candidate that a definition names. Raises `ConfigError` for one that is neither built in nor a recipe."""
    if recipes.is_recipe(name):
        return RecipeCandidate(name)
    known = built_in()
    if name not in known:
        choices = [one for one in known if one != DUMMY]
        raise ConfigError(
            f"Candidate {safe(name, 80)!r} is unknown.",
            hint=did_you_mean(name, choices) + " A recipe is written recipes/FILE.py:FUNCTION.",
            code="candidate_unknown",
        )
    return known[name]


def fit(name: str, job: FitJob) -> Fit:
    """Fit the candidate called `name`."""
    return candidate(name).fit(job)


def check_candidates(names: Sequence[str]) -> None:
    """Raise `ConfigError` for no candidate at all, and for one that is neither built in nor a recipe."""
    if not names:
        choices = ", ".join(one for one in built_in() if one != DUMMY)
        raise ConfigError(
            "The definition names no candidates to train.",
            hint=f"Set training.candidates to some of: {choices}.",
            code="no_candidates",
        )
    for name in names:
        candidate(name)
