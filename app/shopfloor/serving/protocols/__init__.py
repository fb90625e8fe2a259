"""The ways to ask for predictions: one file a protocol, found by itself.

A module that stands here and has a `PROTOCOL` is served; nothing else has to know it.
"""

from __future__ import annotations

import importlib
import pkgutil

from shopfloor.serving.protocols.protocol import PredictionProtocol


def protocols() -> tuple[PredictionProtocol, ...]:
    """Every protocol, by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.PROTOCOL for module in modules if hasattr(module, "PROTOCOL"))
