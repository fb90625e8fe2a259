"""Loading nodes: one query or two a kind, however many keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from shopfloor.domain.lineage import LineageNode
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes import data, live, releases
from shopfloor.lineage.nodes.node import KeyedNode
from shopfloor.lineage.scope import LineageScope
from shopfloor.store.rows import Query

Loader = Callable[[Query, list[Key], LineageScope], Iterable[KeyedNode]]

_LOADERS: dict[NodeKind, Loader] = {
    NodeKind.FILE: data.files,
    NodeKind.PART: data.parts,
    NodeKind.DATASET_VERSION: data.versions,
    NodeKind.RUN: releases.runs,
    NodeKind.MODEL_VERSION: releases.versions,
    NodeKind.DEPLOYMENT: releases.deployed,
    NodeKind.PREDICTIONS: live.predicted,
    NodeKind.ACTUALS: live.actual,
    NodeKind.ALERT: live.alerts,
    NodeKind.JOB: live.jobs,
}


def load(query: Query, keys: Iterable[Key], scope: LineageScope) -> dict[Key, LineageNode]:
    """The nodes of those `keys` that existed by the moment of the trace."""
    by_kind: dict[NodeKind, list[Key]] = defaultdict(list)
    for key in keys:
        by_kind[key.kind].append(key)
    found: dict[Key, LineageNode] = {}
    for kind, wanted in by_kind.items():
        found.update(_LOADERS[kind](query, wanted, scope))
    return found
