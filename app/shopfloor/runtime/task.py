"""Work for a worker process: a function and its argument."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_type_hints

S = TypeVar("S")

Progress = Callable[[float, str], None]
"""Called by a task as it runs: the share that is done, from 0 to 1, and the name of the step."""

_OURS = "shopfloor."


@dataclass(frozen=True)
class WorkerTask(Generic[S]):
    """A function of a light module, and the record that it takes.

    The worker imports the function's module; what is heavy the function imports itself, so that the
    engine knows the function without loading pandas.
    """

    run: Callable[[S, Progress], Any]
    spec: S

    @property
    def name(self) -> str:
        """The function's address, by which the worker finds it."""
        return address(self.run)


def address(function: Callable[..., Any]) -> str:
    """Module and name of a function of this package."""
    return f"{function.__module__}:{function.__qualname__}"


def find(name: str) -> Callable[..., Any]:
    """The function at an address. Raises `LookupError` for one that is not in this package."""
    module, _, function = name.partition(":")
    if not module.startswith(_OURS):
        raise LookupError(f"{name} is no task")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def spec_type(function: Callable[..., Any]) -> type:
    """The type of a task's spec, by the annotation of its first parameter."""
    hints = get_type_hints(function)
    first: type = next(iter(hints.values()))
    return first
