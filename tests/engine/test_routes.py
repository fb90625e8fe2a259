"""Every question has its answer, found by the request that the answer takes."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from shopfloor.domain import requests
from shopfloor.domain.requests.request import Mutation, Request
from shopfloor.engine.api.routes import routes


def kinds(base: type[Any]) -> set[type[Any]]:
    below = {kind for each in base.__subclasses__() for kind in kinds(each) | {each}}
    return {kind for kind in below if kind.__module__.startswith(f"{requests.__name__}.")}


def test_every_request_is_answered() -> None:
    for module in pkgutil.iter_modules(requests.__path__):
        importlib.import_module(f"{requests.__name__}.{module.name}")
    asked = kinds(Request) - {Mutation}
    assert len(asked) > 60
    assert set(routes()) == asked
