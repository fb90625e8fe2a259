"""Loading nodes: one query or two a kind, however many keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from shopfloor.domain.lineage import LineageNode
from shopfloor.lineage.key import Key, Kind
from shopfloor.lineage.nodes import data, live, releases
from shopfloor.lineage.scope import Scope
from shopfloor.store.rows import Query

Loader = Callable[[Query, list[Key], Scope], Iterable[tuple[Key, LineageNode]]]

_LOADERS: dict[Kind, Loader] = {
    Kind.FILE: data.files,
    Kind.PART: data.parts,
    Kind.DATASET_VERSION: data.versions,
    Kind.RUN: releases.runs,
    Kind.MODEL_VERSION: releases.versions,
    Kind.DEPLOYMENT: releases.deployed,
    Kind.PREDICTIONS: live.predicted,
    Kind.ACTUALS: live.actual,
    Kind.ALERT: live.alerts,
    Kind.JOB: live.jobs,
}


def load(query: Query, keys: Iterable[Key], scope: Scope) -> dict[Key, LineageNode]:
    """The nodes of those `keys` that existed by the moment of the trace."""
    by_kind: dict[Kind, list[Key]] = defaultdict(list)
    for key in keys:
        by_kind[key.kind].append(key)
    found: dict[Key, LineageNode] = {}
    for kind, wanted in by_kind.items():
        found.update(_LOADERS[kind](query, wanted, scope))
    return found
