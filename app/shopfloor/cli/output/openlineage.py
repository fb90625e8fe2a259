"""A lineage graph as OpenLineage run events (https://openlineage.io, specification 2-0-2).

Trainings and jobs are OpenLineage runs; everything else is a dataset. Where one thing leads to
another with no run between them in the graph, a run stands for the step that made the target.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from shopfloor.domain.lineage import LineageEdge, LineageGraph, LineageNode
from shopfloor.domain.text import safe

_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_VERSION_FACET = (
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
)
_STEPS = frozenset({"run", "job"})
_TYPES = {
    "failed": "FAIL",
    "lost": "FAIL",
    "cancelled": "ABORT",
    "running": "RUNNING",
    "cancelling": "RUNNING",
    "queued": "START",
}
_NOUNS = {"dataset_version": "dataset", "model_version": "model"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_events(graph: LineageGraph, namespace: str, producer: str) -> list[dict[str, Any]]:
    """One event a run, oldest first. `namespace` tells workspaces apart, `producer` is a URI."""
    nodes = {node.ref: node for node in graph.nodes}
    steps = [_step_event(node, graph, nodes, namespace) for node in graph.nodes if _is_step(node)]
    events = steps + _implied(graph, nodes, namespace)
    for event in events:
        event |= {"producer": producer, "schemaURL": _SCHEMA}
        for dataset in (*event["inputs"], *event["outputs"]):
            for facet in dataset.get("facets", {}).values():
                facet["_producer"] = producer
    return sorted(events, key=lambda event: (event["eventTime"], event["job"]["name"]))


def _step_event(
    node: LineageNode, graph: LineageGraph, nodes: dict[str, LineageNode], namespace: str
) -> dict[str, Any]:
    inputs = [nodes[e.source] for e in graph.edges if e.target == node.ref and e.source in nodes]
    outputs = [nodes[e.target] for e in graph.edges if e.source == node.ref and e.target in nodes]
    return _event(namespace, f"{node.kind}.{node.label or node.ref}", node.ref, node, inputs, outputs)


def _implied(graph: LineageGraph, nodes: dict[str, LineageNode], namespace: str) -> list[dict[str, Any]]:
    direct: dict[str, list[LineageEdge]] = {}
    for edge in graph.edges:
        ends = (nodes.get(edge.source), nodes.get(edge.target))
        if all(end is not None and not _is_step(end) for end in ends):
            direct.setdefault(edge.target, []).append(edge)
    events = []
    for ref, edges in direct.items():
        target, sources = nodes[ref], [nodes[edge.source] for edge in edges]
        name = f"{(edges[0].relation or 'make').replace(' ', '_')}.{target.kind}"
        events.append(_event(namespace, name, f"{name} {ref}", target, sources, [target]))
    return events


def _event(
    namespace: str,
    job: str,
    identity: str,
    node: LineageNode,
    inputs: list[LineageNode],
    outputs: list[LineageNode],
) -> dict[str, Any]:
    return {
        "eventType": _TYPES.get(node.state, "COMPLETE") if _is_step(node) else "COMPLETE",
        "eventTime": _time(node, inputs),
        # The same run of the same workspace has the same id in every export.
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, safe(f"{namespace}#{identity}")))},
        "job": {"namespace": namespace, "name": job},
        "inputs": [_dataset(each, namespace) for each in inputs if not _is_step(each)],
        "outputs": [_dataset(each, namespace) for each in outputs if not _is_step(each)],
    }


def _time(node: LineageNode, inputs: list[LineageNode]) -> str:
    """When it happened; where that is not known, not before what it came from."""
    known = [each.at for each in inputs if each.at is not None]
    at = node.at or max(known, default=_EPOCH)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _dataset(node: LineageNode, namespace: str) -> dict[str, Any]:
    noun = _NOUNS.get(node.kind)
    if noun is None:
        return {"namespace": namespace, "name": f"{node.kind}.{node.ref}"}
    name, _, version = node.ref.removeprefix(f"{noun}:").partition("@")
    facet = {"_schemaURL": _VERSION_FACET, "datasetVersion": version}
    return {"namespace": namespace, "name": f"{noun}.{name}", "facets": {"version": facet}}


def _is_step(node: LineageNode) -> bool:
    return node.kind in _STEPS
