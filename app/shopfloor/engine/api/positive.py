"""Is the positive class one of the target's? Asked of the newest version, when a definition is written."""

from __future__ import annotations

from shopfloor.domain.columns import ColumnType
from shopfloor.domain.dataset import ColumnProfile
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.errors import UsageError
from shopfloor.domain.names import did_you_mean
from shopfloor.domain.text import safe
from shopfloor.engine.api.versions import profile_of_column
from shopfloor.engine.services import EngineServices

_TIMEOUT_SECONDS = 20.0
_LONG = 60  # characters; a profile cuts long values
_SPELLED_ALIKE = frozenset({ColumnType.TEXT, ColumnType.BOOLEAN, ColumnType.INTEGER})
"""Types whose values a profile spells as a training spells classes."""


def check_positive(services: EngineServices, wanted: ModelDefinition) -> None:
    """Raise `UsageError` when the rows so far show all classes and the positive one is not among them.

    Without rows, or where reading the classes takes too long, the first training checks it.
    """
    if wanted.positive is None:
        return
    classes = _classes(services, wanted)
    # A single class may wait for its positive one.
    if len(classes) < 2 or wanted.positive in classes:
        return
    shown = [safe(name, 60) for name in classes]
    column, positive = safe(wanted.target, 64), safe(wanted.positive, 60)
    raise UsageError(
        f"Column {column!r} of {wanted.dataset} has no class {positive!r} (positive).",
        hint=did_you_mean(wanted.positive, shown),
        code="positive_unknown",
    )


def _classes(services: EngineServices, wanted: ModelDefinition) -> tuple[str, ...]:
    """All values of the target; none when there are no rows or they are not all known."""
    contract = services.context.contract(wanted.dataset)
    target = contract.column(wanted.target) if contract is not None else None
    if target is None or target.type not in _SPELLED_ALIKE:
        return ()
    found = profile_of_column(services, wanted.dataset, wanted.target, _TIMEOUT_SECONDS)
    return tuple(value for value, _ in found.top) if found is not None and _complete(found) else ()


def _complete(found: ColumnProfile) -> bool:
    """True when `top` holds every value, each whole."""
    exact = not {"distinct", "top"} & set(found.approximate)
    return exact and found.distinct == len(found.top) and all(len(value) < _LONG for value, _ in found.top)
