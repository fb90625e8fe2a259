"""A lineage graph as a text tree or as DOT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shopfloor.cli.output.cells import count, moment, text
from shopfloor.domain.lineage import LineageGraph, LineageNode

_SHOWN = 12  # siblings of one kind; a dataset of a thousand files is summed up

Links = Mapping[str, list[str]]


def as_tree(graph: LineageGraph) -> str:
    """Each root that no earlier tree shows: its sources, and what was made from it.

    A thing is unfolded once a side.
    """
    nodes = {node.ref: node for node in graph.nodes}
    shown: set[str] = set()
    lines: list[str] = []
    for root in (graph.root, *graph.also):
        if root not in shown:
            lines += [""] if lines else []
            lines += _tree(graph, root, nodes, shown)
    return "\n".join(lines)


def _tree(graph: LineageGraph, root: str, nodes: Mapping[str, LineageNode], shown: set[str]) -> Iterator[str]:
    node = nodes.get(root)
    yield _title(node) if node else text(root)
    sides = (
        ("upstream", "up", _links(graph, up=True)),
        ("downstream", "down", _links(graph, up=False)),
    )
    for title, direction, links in sides:
        if graph.direction not in (direction, "both"):
            continue
        if not links.get(root):
            yield f"{title}: no lineage"
            continue
        yield f"{title}:"
        seen = {root}
        yield from _branches(root, links, nodes, "", seen)
        shown |= seen


def as_dot(graph: LineageGraph) -> str:
    """A Graphviz digraph, edges from cause to effect."""
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {_quoted(node.ref)} [label={_quoted(_title(node))}];" for node in graph.nodes]
    lines += [
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [label={_quoted(text(edge.relation))}];"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}"])


def _links(graph: LineageGraph, *, up: bool) -> Links:
    links: dict[str, list[str]] = {}
    for edge in graph.edges:
        here, there = (edge.target, edge.source) if up else (edge.source, edge.target)
        links.setdefault(here, []).append(there)
    return links


def _branches(ref: str, links: Links, nodes: Mapping[str, LineageNode], indent: str, seen: set[str]) -> Iterator[str]:
    shown, hidden = _few(links.get(ref, []), nodes)
    for index, child in enumerate(shown):
        last = index == len(shown) - 1 and not hidden
        node = nodes.get(child)
        title = _title(node) if node else text(child)
        again = child in seen and bool(links.get(child))
        yield f"{indent}{'└─' if last else '├─'} {title}{' (shown above)' if again else ''}"
        if child not in seen:
            seen.add(child)
            yield from _branches(child, links, nodes, indent + ("   " if last else "│  "), seen)
    if hidden:
        yield f"{indent}└─ and {hidden}"


def _few(refs: list[str], nodes: Mapping[str, LineageNode]) -> tuple[list[str], str]:
    """The siblings to show, and the rest in words."""
    shown: list[str] = []
    by_kind: dict[str, int] = {}
    for ref in dict.fromkeys(refs):
        kind = nodes[ref].kind if ref in nodes else "thing"
        by_kind[kind] = by_kind.get(kind, 0) + 1
        if by_kind[kind] <= _SHOWN:
            shown.append(ref)
    rest = [f"{count(n - _SHOWN)} more of {text(k)}" for k, n in by_kind.items() if n > _SHOWN]
    return shown, ", ".join(rest)


def _title(node: LineageNode) -> str:
    parts = [text(node.kind).replace("_", " "), text(node.ref)]
    if node.label and node.label != node.ref:
        parts.append(text(node.label))
    if node.state:
        parts.append(f"[{text(node.state)}]")
    if node.at is not None:
        parts.append(moment(node.at))
    return "  ".join(parts)


def _quoted(words: str) -> str:
    escaped = text(words).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
