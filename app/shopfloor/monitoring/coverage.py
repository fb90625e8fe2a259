"""Which columns of a dataset no check of a model looks at, and why. Pure and light."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.text import safe


def unchecked(
    definition: ModelDefinition,
    champion: int | None,
    columns: Iterable[Column],
    results: Sequence[CheckResult],
    now: datetime,
) -> list[CheckResult]:
    """A result for each of `columns` that none of `results` is about, with the reason as its message."""
    checked = {result.feature for result in results}
    return [
        CheckResult(
            model=definition.name,
            model_version=champion,
            check="",
            feature=column.name,
            verdict=CheckVerdict.UNCHECKED,
            message=f"{safe(column.name, 60)}: not checked, {_reason(column.name, definition, champion, results)}.",
            at=now,
        )
        for column in columns
        if column.name not in checked
    ]


def _reason(name: str, definition: ModelDefinition, champion: int | None, results: Sequence[CheckResult]) -> str:
    if name == definition.id:
        return "it names the rows"
    if name == definition.time:
        return "it orders the rows"
    if champion is None:
        return "no version of the model is released"
    if not definition.monitoring.drift:
        return "monitoring.drift is false in the definition"
    if not any(result.model_version == champion for result in results):
        return f"nothing was since version {champion} was released: shopfloor monitor run {definition.name}"
    if name == definition.target:
        return "the newest delivery had no labels"
    return f"version {champion} was trained before it was watched; the next version watches it"
