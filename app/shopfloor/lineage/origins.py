"""What one thing came from directly."""

from __future__ import annotations

from shopfloor.domain.lineage import LineageNode
from shopfloor.lineage.key import Key, NodeKind
from shopfloor.lineage.nodes import load
from shopfloor.lineage.scope import LineageScope
from shopfloor.lineage.steps import STEPS
from shopfloor.store.rows import Query

_FROM: dict[NodeKind, frozenset[NodeKind]] = {
    NodeKind.RUN: frozenset({NodeKind.JOB}),
    NodeKind.DATASET_VERSION: frozenset({NodeKind.JOB, NodeKind.DATASET_VERSION}),
}
"""Where only some of the sources tell why: a run has its data from the job, a version its parts from the intake."""


def origins(query: Query, key: Key, scope: LineageScope) -> dict[Key, LineageNode]:
    """The nodes one step up from `key`, in the order of the chain."""
    kind = NodeKind(key.kind)
    wanted = _FROM.get(kind)
    found = [
        link.source
        for step in STEPS
        if kind in step.targets
        for link in step.up(query, [key], scope)
        if link.target == key and (wanted is None or link.source.kind in wanted)
    ]
    return load(query, dict.fromkeys(found), scope)
