"""Following the chain from one thing, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shopfloor.domain import numbers
from shopfloor.domain.errors import UsageError
from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.text import safe
from shopfloor.lineage.key import ORDER, Key, NodeKind, ref
from shopfloor.lineage.nodes import load
from shopfloor.lineage.resolve import resolve
from shopfloor.lineage.scope import LineageScope, load_scope
from shopfloor.lineage.steps import STEPS
from shopfloor.lineage.steps.step import LineageLink
from shopfloor.store.rows import Query

MAX_NODES = 2_000
MAX_EDGES = 20_000
TRUNCATED = "truncated"


def trace(
    query: Query, text: str, direction: str = "both", as_of: datetime | None = None, *, limit: int = MAX_NODES
) -> LineageGraph:
    """What `text` came from (`up`), what came from it (`down`), or both; with `as_of` as of that time.

    Nodes are in the order of their distance from the root, which is first (and from `also`, where `text`
    means a dataset version and a model version). At most `limit` nodes and
    20,000 edges are shown, near and new ones first; what is left out is told by a node of the kind
    `truncated`. The number of queries grows with the length of the chain, not with its width.
    Raises `NotFoundError` with the nearest reference and `UsageError` for an ambiguous one.
    """
    if direction not in ("up", "down", "both"):
        raise UsageError(
            f"{safe(direction, 20)!r} is no direction.", hint="Use up, down or both.", code="bad_direction"
        )
    scope = load_scope(query, as_of)
    roots = resolve(query, text, scope)
    walk = _Walk(query, scope, roots, limit)
    sides = [_Side(roots, up) for up in (True, False) if direction in ("both", "up" if up else "down")]
    while any(side.frontier for side in sides):
        for side in sides:
            walk.advance(side)
    return walk.graph(direction)


class _Side:
    """How far the walk has come in one direction."""

    def __init__(self, roots: tuple[Key, ...], up: bool) -> None:
        self.up = up
        self.frontier = list(roots)
        self.visited = set(roots)


class _Walk:
    """The graph as far as it is known."""

    def __init__(self, query: Query, scope: LineageScope, roots: tuple[Key, ...], limit: int) -> None:
        self._query = query
        self._scope = scope
        self._roots = roots
        self._limit = limit
        self._nodes: dict[Key, LineageNode] = load(query, roots, scope)
        self._links: dict[LineageLink, None] = {}
        self._dropped: set[Key] = set()
        self._unseen_edges = 0

    def advance(self, side: _Side) -> None:
        """One level further."""
        links = self._links_of(side)
        near = [link.source if side.up else link.target for link in links]
        self._admit(dict.fromkeys(key for key in near if key not in self._nodes and key not in self._dropped))
        for link in links:
            if link.source in self._nodes and link.target in self._nodes:
                if len(self._links) < MAX_EDGES:
                    self._links[link] = None
                else:
                    self._unseen_edges += 1
        side.frontier = [key for key in dict.fromkeys(near) if key in self._nodes and key not in side.visited]
        side.visited.update(side.frontier)

    def _links_of(self, side: _Side) -> list[LineageLink]:
        links: dict[LineageLink, None] = {}
        for step in STEPS:
            ends = step.targets if side.up else step.sources
            keys = [key for key in side.frontier if key.kind in ends]
            if keys:
                find = step.up if side.up else step.down
                links.update(dict.fromkeys(find(self._query, keys, self._scope)))
        return list(links)

    def _admit(self, keys: Iterable[Key]) -> None:
        """Load new nodes; where the room is short, in the order of the line and newest first."""
        room = self._limit - len(self._nodes)
        wanted = list(keys)
        loaded = load(self._query, wanted[: room + MAX_NODES], self._scope)
        self._dropped.update(wanted[room + MAX_NODES :])
        ordered = sorted(loaded, key=lambda key: _newest_first(key, loaded[key]))
        self._nodes.update({key: loaded[key] for key in ordered[:room]})
        self._dropped.update(ordered[room:])

    def graph(self, direction: str) -> LineageGraph:
        """What was found."""
        names = self._scope.ambiguous
        nodes = list(self._nodes.values())
        edges = [
            LineageEdge(source=ref(link.source, names), target=ref(link.target, names), relation=link.relation)
            for link in self._links
        ]
        root, *also = [ref(key, names) for key in self._roots]
        if self._dropped or self._unseen_edges:
            nodes.append(self._note())
            up = direction == "up"
            edges.append(
                LineageEdge(source=TRUNCATED if up else root, target=root if up else TRUNCATED, relation="and more")
            )
        return LineageGraph(root=root, also=tuple(also), direction=direction, nodes=tuple(nodes), edges=tuple(edges))

    def _note(self) -> LineageNode:
        count = len(self._dropped)
        return LineageNode(
            kind=TRUNCATED,
            ref=TRUNCATED,
            label=f"about {numbers.count(count)} more not shown" if count else "some relations not shown",
            data={"limit": self._limit, "dropped": count, "dropped_edges": self._unseen_edges},
        )


def _newest_first(key: Key, node: LineageNode) -> tuple[float, int, Key]:
    return (-node.at.timestamp() if node.at else 0.0, ORDER[NodeKind(key.kind)], key)
