"""Shopfloor: the model factory in your terminal."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shopfloor.sdk import Workspace, open

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__", "open"]


def __getattr__(name: str) -> Any:
    # The SDK is loaded on first use, so that importing a part of the package (the CLI, a worker) stays cheap,
    # and by name, because every part imports this module while none may import a face.
    if name in {"Workspace", "open"}:
        return getattr(import_module("shopfloor.sdk"), name)
    raise AttributeError(f"module 'shopfloor' has no attribute {name!r}")
