"""From any row to its lineage, up and down."""

from __future__ import annotations

from shopfloor.actions.action import Action, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import explained_ref, lineage_ref
from shopfloor.domain.dataset import DatasetRecord, DatasetVersion
from shopfloor.domain.file import FileRecord
from shopfloor.domain.job import JobRecord
from shopfloor.domain.lineage import LineageNode
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.workspace import LineageShow, Why
from shopfloor.domain.run import RunRecord


def _nothing(record: Record) -> str | None:
    return None if lineage_ref(record) else "It has no lineage."


def _show(ref: str, inputs: Inputs) -> LineageShow:
    return LineageShow(ref=ref)


def _why(ref: str, inputs: Inputs) -> Why:
    return Why(ref=ref)


ACTIONS = (
    Action(
        name="why.show",
        key="h",
        label="Explain",
        help="Explain the selected row: why, or why not. A REF is what lineage takes, a model, or a path.",
        scopes=(Scope.DATASETS, Scope.EXPERIMENTS, Scope.MODELS, Scope.ALERTS, Scope.ACTIVITY, Scope.LINEAGE),
        records=(
            RunRecord,
            ModelRecord,
            ModelVersion,
            AlertRecord,
            JobRecord,
            FileRecord,
            DatasetVersion,
            LineageNode,
        ),
        cli="shopfloor why {ref}",
        rank=42,
        ref=explained_ref,
        why_not=_nothing,
        build=_why,
        shows=True,
        timeout=60.0,
    ),
    Action(
        name="lineage.show",
        key="o",
        label="Origin",
        help="Show the lineage of the selected row, both ways.",
        scopes=(
            Scope.DATASETS,
            Scope.EXPERIMENTS,
            Scope.MODELS,
            Scope.ALERTS,
            Scope.ACTIVITY,
            Scope.LINEAGE,
        ),
        records=(
            FileRecord,
            DatasetRecord,
            DatasetVersion,
            RunRecord,
            ModelRecord,
            ModelVersion,
            AlertRecord,
            JobRecord,
            LineageNode,
        ),
        cli="shopfloor lineage {ref}",
        rank=45,
        ref=lineage_ref,
        why_not=_nothing,
        build=_show,
        shows=True,
        goes_to=Scope.LINEAGE,
    ),
)
