"""A lineage graph as a tree: what a thing came from above it, what came from it below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from shopfloor.domain.lineage import LineageGraph, LineageNode
from shopfloor.tui.views import words
from shopfloor.tui.widgets import glyphs
from shopfloor.tui.widgets.columns import TableColumn
from shopfloor.tui.widgets.detail_pane import Section
from shopfloor.tui.widgets.key_value import Pair
from shopfloor.tui.widgets.rows import Cell, Row

COLUMNS = (
    TableColumn("node", "WHAT CAME FROM WHAT", ratio=3, min=44),
    TableColumn("kind", "KIND", width=13, priority=60),
    TableColumn("state", "STATE", width=9, priority=50),
    TableColumn("when", "AGE", width=4, align="right", priority=70),
)
_TONES = {
    "file": "muted",
    "part": "muted",
    "dataset_version": "run",
    "run": "",
    "model_version": "accent",
    "deployment": "ok",
    "predictions": "ok",
    "actuals": "ok",
    "alert": "warn",
    "job": "muted",
}
_KINDS = {"dataset_version": "dataset", "model_version": "model"}


class Branch(NamedTuple):
    """One line: the row's key, the guides before the node, the node."""

    key: str
    guides: str
    node: LineageNode


def tree(graph: LineageGraph) -> list[Branch]:
    """Causes, deepest first, then the root, then effects. A node stands where it is met first."""
    nodes = {node.ref: node for node in graph.nodes}
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        above[edge.target].append(edge.source)
        below[edge.source].append(edge.target)
    if graph.root not in nodes:
        return []
    up = _walk(graph.root, above, nodes, "u", "┌")
    down = _walk(graph.root, below, nodes, "d", "└")
    return [*reversed(up), Branch(f"={graph.root}", "", nodes[graph.root]), *down]


def _walk(
    root: str, links: Mapping[str, Sequence[str]], nodes: Mapping[str, LineageNode], side: str, corner: str
) -> list[Branch]:
    """Depth first with guides; read upwards or downwards the last branch of a node has the corner."""
    last, inner, through = f"{corner}─", "├─", "│ "
    found: list[Branch] = []
    seen = {root}

    def visit(ref: str, before: str) -> None:
        fresh = [one for one in dict.fromkeys(links.get(ref, ())) if one not in seen and one in nodes]
        seen.update(fresh)
        for place, one in enumerate(fresh):
            end = place == len(fresh) - 1
            found.append(Branch(f"{side}{one}", f"{before}{last if end else inner} ", nodes[one]))
            visit(one, before + ("   " if end else f"{through} "))

    visit(root, "")
    return found


def aged(graph: LineageGraph, newest: Mapping[str, int]) -> LineageGraph:
    """The graph with `older` as the state of dataset versions behind the newest; `newest` is by dataset."""
    return msgspec.structs.replace(graph, nodes=tuple(_aged(node, newest) for node in graph.nodes))


def _aged(node: LineageNode, newest: Mapping[str, int]) -> LineageNode:
    name, version = node.data.get("dataset"), node.data.get("version")
    latest = newest.get(str(name), 0)
    if node.kind != "dataset_version" or not isinstance(version, int) or version >= latest:
        return node
    return msgspec.structs.replace(
        node, state=node.state or "older", data={"newer data": f"{name}@{latest}", **node.data}
    )


def row(branch: Branch) -> Row:
    """One line of the tree."""
    node = branch.node
    root = not branch.guides
    mark = f"{glyphs.MARK} " if root else branch.guides
    return Row(
        branch.key,
        (
            Cell(f"{mark}{label(node)}", "strong" if root else _TONES.get(node.kind, "")),
            Cell(_KINDS.get(node.kind, node.kind), "muted"),
            Cell(node.state or words.NONE, "warn" if node.state == "older" else ""),
            words.ago(node.at),
        ),
    )


def label(node: LineageNode) -> str:
    """A file by its own name, without the drop folder."""
    return node.label.rpartition("/")[2] if node.kind == "file" else node.label


def sections(node: LineageNode) -> list[Section]:
    """The detail of a node."""
    pairs = [
        Pair("ref", node.ref),
        Pair("kind", node.kind.replace("_", " ")),
        Pair("state", node.state or words.NONE),
        Pair("when", words.stamp(node.at)),
    ]
    pairs += [
        Pair(name.replace("_", " "), words.said(value))
        for name, value in node.data.items()
        if value not in (None, "", [])
    ]
    return [Section("node", label(node), pairs)]
