"""The checks of a model version: one file a check, found by itself.

A module that stands here and has a `CHECK` is run; nothing else has to know it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from shopfloor.monitoring.checks.check import Check


@cache
def checks() -> tuple[Check, ...]:
    """Every check, by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.CHECK for module in modules if hasattr(module, "CHECK"))
