"""Shopfloor from Python: read datasets, record runs, register models, predict.

>>> import shopfloor
>>> factory = shopfloor.open("my-workspace")             # doctest: +SKIP
>>> flights = factory.dataset("flights@3").frame()       # doctest: +SKIP
>>> factory.model("late-arrival").predict(flights)       # doctest: +SKIP
"""

from __future__ import annotations

from shopfloor.sdk.workspace import Workspace, open_workspace

open = open_workspace

__all__ = ["Workspace", "open"]
