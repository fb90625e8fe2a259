"""One request of each kind, with as little in it as its types ask for."""

from __future__ import annotations

import importlib
import pkgutil
from enum import Enum
from typing import Any

import msgspec

from shopfloor.domain import requests
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.domain.right import Right

Kind = type[Request[Any]]


def kinds() -> list[Kind]:
    """Every kind of request."""
    for known in pkgutil.iter_modules(requests.__path__):
        importlib.import_module(f"{requests.__name__}.{known.name}")
    found = {
        kind.verb: kind for kind in [*Request.__subclasses__(), *Mutation.__subclasses__()] if "verb" in vars(kind)
    }
    return list(found.values())


def of_paths() -> list[Kind]:
    """Those with paths that the engine opens."""
    return [kind for kind in kinds() if kind.reads or kind.writes]


def of_rights() -> list[Kind]:
    """Those that not every member may ask."""
    return [kind for kind in kinds() if kind.needs is not Right.USE]


def example(kind: Kind, **values: Any) -> Request[Any]:
    """A request; what is required and not given is the simplest value of its type."""
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in values:
            values[field.name] = _simplest(field.type)
    return msgspec.convert(values, kind)


def _simplest(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.name: _simplest(field.type) for field in msgspec.structs.fields(kind) if field.required}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    return {str: "x", bool: False, int: 0, float: 0.0}.get(kind)
