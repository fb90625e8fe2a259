"""Moving the champion: promote, approve, reject, roll back, retire."""

from __future__ import annotations

from shopfloor.actions.action import REASON, Action, Confirm, Evidence, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import awaiting_of, model_of, version_of
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.names import split_ref
from shopfloor.domain.record import Record
from shopfloor.domain.release import Decision, ModelRecord, ModelVersion, Outcome
from shopfloor.domain.requests.models import (
    ModelApprove,
    ModelApproveLowering,
    ModelPromote,
    ModelReject,
    ModelRejectLowering,
    ModelRetire,
    ModelRollback,
    ModelShow,
    ModelVersions,
)
from shopfloor.domain.run import RunRecord


def _no_candidate(record: Record) -> str | None:
    match record:
        case ModelRecord(retired=True):
            return f"{record.name} is retired."
        case ModelRecord(challenger=None):
            return "There is no challenger. Open the model and choose a version."
        case ModelVersion() if "champion" in record.aliases:
            return f"v{record.version} is already the champion."
        case RunRecord(model_version=None):
            return "The run registered no model version."
        case _:
            return None


def _nothing_awaits(record: Record) -> str | None:
    match record:
        case ModelRecord(awaiting_approval=None):
            return "No version of it awaits approval."
        case ModelVersion(decision=None):
            return "The gate has not evaluated this version."
        case ModelVersion(decision=Decision(outcome=outcome)) if outcome is not Outcome.AWAIT_APPROVAL:
            return f"It does not await approval: the decision was {outcome}."
        case _:
            return None


def _no_previous(record: Record) -> str | None:
    match record:
        case ModelRecord(previous=None):
            return "There is no champion before this one."
        case AlertRecord(subject=""):
            return "The alert does not concern a model."
        case _:
            return None


def _already_retired(record: Record) -> str | None:
    if isinstance(record, ModelRecord) and record.retired:
        return f"{record.name} is already retired."
    return None


def _promote(ref: str, inputs: Inputs) -> ModelPromote:
    return ModelPromote(ref=ref, reason=inputs.get("reason", ""))


def _approve(ref: str, inputs: Inputs) -> ModelApprove:
    return ModelApprove(ref=ref, reason=inputs.get("reason", ""))


def _reject(ref: str, inputs: Inputs) -> ModelReject:
    return ModelReject(ref=ref, reason=inputs.get("reason", ""))


def _rollback(ref: str, inputs: Inputs) -> ModelRollback:
    return ModelRollback(name=ref, reason=inputs.get("reason", ""))


def _retire(ref: str, inputs: Inputs) -> ModelRetire:
    return ModelRetire(name=ref, reason=inputs.get("reason", ""))


def _approve_lowering(ref: str, inputs: Inputs) -> ModelApproveLowering:
    return ModelApproveLowering(name=ref, reason=inputs.get("reason", ""))


def _reject_lowering(ref: str, inputs: Inputs) -> ModelRejectLowering:
    return ModelRejectLowering(name=ref, reason=inputs.get("reason", ""))


def _no_lowering(record: Record) -> str | None:
    if isinstance(record, ModelRecord) and all(each.version is not None for each in record.pending):
        return "Nobody asks that its releases need fewer people."
    return None


def _versions(ref: str) -> ModelVersions:
    return ModelVersions(name=split_ref(ref)[0])


ACTIONS = (
    Action(
        name="model.approve",
        key="A",
        label="Approve",
        help="Approve the version that awaits approval; with enough approvals it becomes champion.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord, ModelVersion),
        confirm=Confirm(
            question="Approve {ref}? With enough approvals it becomes champion.", evidence=Evidence.CANDIDATE
        ),
        cli="shopfloor model approve {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=11,
        ref=awaiting_of,
        why_not=_nothing_awaits,
        build=_approve,
        before=_versions,
    ),
    Action(
        name="model.reject",
        key="X",
        label="Reject",
        help="Reject the version that awaits approval; the champion stays.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord, ModelVersion),
        confirm=Confirm(question="Reject {ref}? The champion of {name} stays.", evidence=Evidence.CANDIDATE),
        cli="shopfloor model reject {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=12,
        ref=awaiting_of,
        why_not=_nothing_awaits,
        build=_reject,
        before=_versions,
    ),
    Action(
        name="model.approve-lowering",
        label="Lower",
        help="Approve that releases need fewer people than now; it takes as many approvals as they need now.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        confirm=Confirm(question="Approve that releases of {name} need fewer people?"),
        cli="shopfloor model approve-lowering {ref} [--reason {reason}]",
        inputs=(REASON,),
        ref=model_of,
        why_not=_no_lowering,
        build=_approve_lowering,
        before=lambda ref: ModelShow(name=ref),
    ),
    Action(
        name="model.reject-lowering",
        label="Keep rule",
        help="Reject that releases need fewer people than now; the definition says so again.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        confirm=Confirm(question="Keep the number of people that releases of {name} need?"),
        cli="shopfloor model reject-lowering {ref} [--reason {reason}]",
        inputs=(REASON,),
        ref=model_of,
        why_not=_no_lowering,
        build=_reject_lowering,
        before=lambda ref: ModelShow(name=ref),
    ),
    Action(
        name="model.promote",
        key="P",
        label="Promote",
        help="Make the version the champion, or ask others for it; overruling the gate needs a reason.",
        scopes=(Scope.MODELS, Scope.EXPERIMENTS),
        records=(ModelRecord, ModelVersion, RunRecord),
        confirm=Confirm(question="Make {ref} the champion of {name}? It serves at once.", evidence=Evidence.CANDIDATE),
        cli="shopfloor model promote {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=13,
        ref=version_of,
        why_not=_no_candidate,
        build=_promote,
        before=_versions,
    ),
    Action(
        name="model.rollback",
        key="R",
        label="Rollback",
        help="Roll back to the previous champion.",
        scopes=(Scope.MODELS, Scope.ALERTS),
        records=(ModelRecord, ModelVersion, AlertRecord),
        confirm=Confirm(
            question="Roll {name} back to its previous champion? It serves at once.",
            typed_name=True,
            evidence=Evidence.PREVIOUS,
        ),
        cli="shopfloor model rollback {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=15,
        ref=model_of,
        why_not=_no_previous,
        build=_rollback,
    ),
    Action(
        name="model.retire",
        key="D",
        label="Retire",
        help="Retire the model: no more training or serving; the history stays.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        confirm=Confirm(
            question="Retire {name}? It stops training and serving. Type its name to confirm.",
            typed_name=True,
        ),
        cli="shopfloor model retire {ref} [--reason {reason}]",
        inputs=(REASON,),
        ref=model_of,
        why_not=_already_retired,
        build=_retire,
        before=lambda ref: ModelShow(name=ref),
    ),
)
