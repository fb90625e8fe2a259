"""Starting a training."""

from __future__ import annotations

from shopfloor.actions.action import REASON, Action, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import model_of
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import ModelTrain
from shopfloor.domain.run import RunRecord


def _retired(record: Record) -> str | None:
    if isinstance(record, ModelRecord) and record.retired:
        return f"{record.name} is retired."
    return None if model_of(record) else "It does not concern a model."


def _train(ref: str, inputs: Inputs) -> ModelTrain:
    return ModelTrain(name=ref, reason=inputs.get("reason", ""))


ACTIONS = (
    Action(
        name="model.train",
        key="r",
        label="Retrain",
        help="Train now on the newest version of the dataset; the gate judges the result.",
        scopes=(Scope.MODELS, Scope.EXPERIMENTS, Scope.ALERTS),
        records=(ModelRecord, ModelVersion, RunRecord, AlertRecord),
        cli="shopfloor model train {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=14,
        ref=model_of,
        why_not=_retired,
        build=_train,
    ),
)
