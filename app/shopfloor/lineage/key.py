"""What identifies one thing of the chain, and how it is written."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class NodeKind(StrEnum):
    """Kinds of nodes, in the order of the line."""

    FILE = "file"
    PART = "part"
    DATASET_VERSION = "dataset_version"
    RUN = "run"
    MODEL_VERSION = "model_version"
    DEPLOYMENT = "deployment"
    PREDICTIONS = "predictions"
    ACTUALS = "actuals"
    ALERT = "alert"
    JOB = "job"


ORDER = {kind: position for position, kind in enumerate(NodeKind)}
COUNTED = {"f": NodeKind.FILE, "r": NodeKind.RUN, "a": NodeKind.ALERT, "j": NodeKind.JOB}
SHOWN_DIGITS = 16


class Key(NamedTuple):
    """One thing.

    | kind                              | name             | number            | source        |
    |-----------------------------------|------------------|-------------------|---------------|
    | file, run, alert, job             | counted id       |                   |               |
    | part                              | sha256           |                   |               |
    | dataset_version, model_version    | dataset or model | version           |               |
    | deployment                        | model            | `seq` of the move |               |
    | predictions                       | model            | version, 0 unknown| batch or rest |
    | actuals                           | model            |                   |               |
    """

    kind: NodeKind
    name: str
    number: int = 0
    source: str = ""


def ref(key: Key, ambiguous: frozenset[str] = frozenset()) -> str:
    """`key` as text that can be looked up again; `ambiguous` names are both a dataset and a model."""
    match key.kind:
        case NodeKind.PART:
            return key.name[:SHOWN_DIGITS]
        case NodeKind.DATASET_VERSION:
            return f"{'dataset:' if key.name in ambiguous else ''}{key.name}@{key.number}"
        case NodeKind.MODEL_VERSION:
            return f"{'model:' if key.name in ambiguous else ''}{key.name}@{key.number}"
        case NodeKind.DEPLOYMENT:
            return f"{key.name}:champion#{key.number}"
        case NodeKind.PREDICTIONS:
            return f"{key.name}@{key.number}:{key.source}"
        case NodeKind.ACTUALS:
            return f"{key.name}:actuals"
        case _:
            return key.name
