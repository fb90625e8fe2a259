"""What training asks of worker processes beside its jobs; light, so that the engine can name it."""

from __future__ import annotations

from collections.abc import Callable

from shopfloor.training.adoption import Adopted, AdoptTask


def adopt_model(task: AdoptTask, progress: Callable[[float, str], None]) -> Adopted:
    """Wrap and sign a model that a notebook of this user fitted."""
    from shopfloor.training.adopt import adopt

    return adopt(task)
