"""Every question and the function that answers it.

A public function of this package whose `request` is annotated with a kind of request answers it; nothing
else has to know it. One that waits is a coroutine.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

from shopfloor.domain.requests.request import Request
from shopfloor.engine import api

Answer = Callable[[Any, Any], Any]


def routes() -> dict[type[Request[Any]], Answer]:
    """Request type to answer."""
    found: dict[type[Request[Any]], Answer] = {}
    for known in pkgutil.iter_modules(api.__path__):
        module = importlib.import_module(f"{api.__name__}.{known.name}")
        for name, function in vars(module).items():
            kind = None if name.startswith("_") else _request_type(module, function)
            if kind is not None and found.setdefault(kind, function) is not function:
                raise TypeError(f"{kind.__name__} is answered twice: {found[kind]} and {function}")
    return found


def _request_type(module: ModuleType, function: object) -> type[Request[Any]] | None:
    """The kind of request that a function of the module answers; None for all other things."""
    if not inspect.isfunction(function) or function.__module__ != module.__name__:
        return None
    kind = vars(module).get(str(function.__annotations__.get("request")))
    return kind if isinstance(kind, type) and issubclass(kind, Request) else None
