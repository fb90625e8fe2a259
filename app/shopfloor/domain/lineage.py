"""Lineage: the graph of sources and results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopfloor.domain.record import Record


class LineageNode(Record, frozen=True, kw_only=True):
    """One thing in the chain. `ref` is printable and can be looked up again.

    `kind` is one of file, part, dataset_version, run, model_version, deployment, predictions,
    actuals, alert, job.
    """

    kind: str
    ref: str
    label: str
    at: datetime | None = None
    state: str = ""
    data: dict[str, Any] = {}


class LineageEdge(Record, frozen=True, kw_only=True):
    """`source` contributed to `target`."""

    source: str
    target: str
    relation: str


class LineageGraph(Record, frozen=True, kw_only=True):
    """All that was found from `root` in a direction (`up`, `down` or `both`).

    `also` is what the same words mean besides: the model version of a dataset's name.
    """

    root: str
    direction: str
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    also: tuple[str, ...] = ()
