"""What a trace may see: the names there are, and nothing later than a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from shopfloor.store import history
from shopfloor.store.rows import Query
from shopfloor.store.transaction import naive

MAX_ROWS = 20_000
FOREVER = datetime.max.replace(tzinfo=UTC).replace(tzinfo=None)


class _OfModel(Protocol):
    @property
    def model(self) -> str: ...


T = TypeVar("T", bound=_OfModel)


@dataclass(frozen=True)
class LineageScope:
    """`until` is UTC without a zone, as the store keeps times; `FOREVER` without a limit.

    `before_history` says that rows may have changed since without an image of what they were.
    """

    until: datetime
    datasets: frozenset[str]
    models: frozenset[str]
    before_history: bool = False
    _memory: dict[type, dict[str, list[_OfModel]]] = field(default_factory=lambda: defaultdict(dict), repr=False)

    @property
    def ambiguous(self) -> frozenset[str]:
        """Names that are a dataset and a model."""
        return self.datasets & self.models

    @property
    def limited(self) -> bool:
        """True for a trace as of an earlier time."""
        return self.until != FOREVER

    def seen(self, moment: datetime | None) -> datetime | None:
        """`moment` if it had come by then."""
        return moment if moment is not None and moment <= self.until else None

    def once(self, kind: type[T], models: Iterable[str], load: Callable[[list[str]], list[T]]) -> list[T]:
        """What belongs to some models, by model; each model is loaded once a trace."""
        known, wanted = self._memory[kind], sorted(set(models))
        missing = [model for model in wanted if model not in known]
        if missing:
            known.update({model: [] for model in missing})
            for found in load(missing):
                known[found.model].append(found)
        return [found for model in wanted for found in known[model] if isinstance(found, kind)]


def load_scope(query: Query, as_of: datetime | None) -> LineageScope:
    """The names of all datasets and models that have something to trace."""
    datasets = query.all("SELECT name FROM datasets UNION SELECT dataset FROM dataset_versions")
    models = query.all("SELECT name FROM models UNION SELECT model FROM model_versions")
    begins = history.begins(query) if as_of else None
    return LineageScope(
        until=naive(as_of) or FOREVER,
        before_history=as_of is not None and (begins is None or as_of < begins),
        datasets=frozenset(row[0] for row in datasets),
        models=frozenset(row[0] for row in models),
    )
