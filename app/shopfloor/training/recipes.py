"""Recipes: the team's own estimators, written as `recipes/x.py:build`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopfloor.artifacts.recipe_code import module_of
from shopfloor.domain.errors import ConfigError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe


@dataclass(frozen=True)
class Recipe:
    """The estimator a recipe built, and the file and source it came from."""

    estimator: Any
    file: str
    source: str


def is_recipe(name: str) -> bool:
    """True for names such as `recipes/x.py:build`."""
    return ".py:" in name


def build(name: str, workspace: str, options: dict[str, Any]) -> Recipe:
    """The estimator that a recipe's function returns.

    The function is called with those of `options` that it has parameters for. Raises
    `ConfigError` when there is no such file or function, or its code cannot be run.
    """
    file, _, function = name.partition(":")
    source = _read(_inside(file, workspace), name)
    try:
        module = module_of(source, file)
    except SyntaxError as error:
        raise ConfigError(
            f"Recipe {safe(file, 120)} line {error.lineno}: {safe(error.msg, 120)}.",
            hint="Correct the file; it must be plain Python.",
            code="recipe_syntax",
        ) from error
    make = getattr(module, function, None)
    if not callable(make):
        functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise ConfigError(
            f"Recipe {safe(file, 120)} has no function {safe(function, 60)!r}.",
            hint=did_you_mean(function, functions),
            code="recipe_function",
        )
    accepted = inspect.signature(make).parameters
    every = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in accepted.values())
    chosen = {key: value for key, value in options.items() if every or key in accepted}
    return Recipe(make(**chosen), file, source)


def _inside(file: str, workspace: str) -> Path:
    """The recipe's path; it must lie in `recipes/`, whatever the name says: others may put files elsewhere."""
    root = Path(workspace).resolve()
    path = (root / file).resolve()
    if not path.is_relative_to(root / "recipes"):
        raise ConfigError(
            f"Recipe {safe(file, 120)} lies outside recipes/.",
            hint="Put recipes into the workspace's recipes/ directory.",
            code="recipe_outside",
        )
    return path


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Recipe {safe(name, 120)} cannot be read: {safe(error, 160)}.",
            hint="Name candidates as recipes/FILE.py:FUNCTION, relative to the workspace.",
            code="recipe_missing",
        ) from error
