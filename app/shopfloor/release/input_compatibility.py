"""What callers would have to send otherwise if a challenger took the champion's place."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.artifacts.manifest import FeatureField
from shopfloor.domain.columns import ColumnType
from shopfloor.domain.text import safe

# What is sent to the one is good for the other, too.
_WIDER = {(ColumnType.INTEGER, ColumnType.NUMBER), (ColumnType.DATE, ColumnType.TIMESTAMP)}


def changed_inputs(champion: Sequence[FeatureField], challenger: Sequence[FeatureField]) -> tuple[str, ...]:
    """Inputs of both that the challenger takes with a type that the champion's callers do not send, in words."""
    before = {field.name: field.type for field in champion}
    return tuple(
        f"{safe(field.name, 60)!r} is {field.type.value}, was {before[field.name].value}"
        for field in challenger
        if field.name in before
        and before[field.name] is not field.type
        and (before[field.name], field.type) not in _WIDER
    )
