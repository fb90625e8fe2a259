"""What can be done with a model beside training and releasing it."""

from __future__ import annotations

from shopfloor.actions.action import REASON, Action, Input, InputKind, Inputs
from shopfloor.actions.fields import choice, member, number, values
from shopfloor.actions.moments import parse_time
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import champion_of, model_of
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import (
    ModelCost,
    ModelExport,
    ModelImport,
    ModelThreshold,
    Predict,
    ValueShow,
    ValueThresholds,
)
from shopfloor.domain.value import CostKind, ValueGroup


def _no_champion(record: Record) -> str | None:
    if isinstance(record, ModelRecord) and record.champion is None:
        return f"{record.name} has no champion yet."
    return None


def _export(ref: str, inputs: Inputs) -> ModelExport:
    return ModelExport(ref=ref, path=inputs["path"])


def _import(ref: str, inputs: Inputs) -> ModelImport:
    return ModelImport(path=inputs["path"])


def _predict(ref: str, inputs: Inputs) -> Predict:
    return Predict(model=ref, path=inputs["path"], output=inputs["output"])


def _value(ref: str, inputs: Inputs) -> ValueShow:
    return ValueShow(model=ref, by=choice(ValueGroup, inputs, "by") or ValueGroup.MONTH)


def _thresholds(ref: str, inputs: Inputs) -> ValueThresholds:
    return ValueThresholds(model=ref)


def _threshold(ref: str, inputs: Inputs) -> ModelThreshold:
    threshold = number(inputs["threshold"], "threshold")
    return ModelThreshold(name=ref, threshold=threshold, reason=inputs.get("reason", ""))


def _cost(ref: str, inputs: Inputs) -> ModelCost:
    return ModelCost(
        name=ref,
        amount=number(inputs["amount"], "amount"),
        kind=member(CostKind, inputs["kind"], "kind of cost"),
        note=inputs.get("note", ""),
        spent_at=parse_time(inputs["at"]) if "at" in inputs else None,
    )


def _path(name: str, label: str, text: str) -> Input:
    return Input(name=name, label=label, help=text, kind=InputKind.PATH, required=True)


ACTIONS = (
    Action(
        name="model.predict",
        key="u",
        label="Use",
        help="Predict the rows of a file with the champion.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        cli="shopfloor predict {ref} {path} -o {output}",
        inputs=(
            _path("path", "File", "The file with the rows: an absolute path."),
            _path("output", "Result", "Where the predictions go: an absolute path."),
        ),
        rank=30,
        ref=model_of,
        why_not=_no_champion,
        build=_predict,
        shows=True,
    ),
    Action(
        name="model.value",
        key="v",
        label="Value",
        help="Show the realised value of predictions with known actuals.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        cli="shopfloor value {ref} [--by {by}]",
        inputs=(
            Input(
                name="by",
                label="By",
                help="What the figures are broken down by.",
                kind=InputKind.CHOICE,
                choices=values(ValueGroup),
                default="month",
            ),
        ),
        ref=model_of,
        build=_value,
        shows=True,
        timeout=120.0,
    ),
    Action(
        name="model.cost",
        label="Cost",
        help="Enter what was spent on a model, in the unit of its value.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        cli="shopfloor model cost {ref} {amount} --for {kind} [--note {note}] [--at {at}]",
        inputs=(
            Input(name="amount", label="Amount", help="What was spent.", kind=InputKind.NUMBER, required=True),
            Input(
                name="kind",
                label="For",
                help="What it was spent on.",
                kind=InputKind.CHOICE,
                choices=values(CostKind),
                required=True,
            ),
            Input(name="note", label="Note", help="Kept with the entry."),
            Input(name="at", label="At", help="When it was spent (default: now).", kind=InputKind.TIME),
        ),
        ref=model_of,
        build=_cost,
    ),
    Action(
        name="model.thresholds",
        label="Thresholds",
        help="Show what decisions are worth at other thresholds, and which one is proposed.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        cli="shopfloor value --thresholds {ref}",
        ref=model_of,
        build=_thresholds,
        shows=True,
        timeout=120.0,
    ),
    Action(
        name="model.threshold",
        label="Threshold",
        help="Let the champion decide by another threshold from now on.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord,),
        cli="shopfloor model threshold {ref} {threshold} [--reason {reason}]",
        inputs=(
            Input(
                name="threshold",
                label="Threshold",
                help="The probability from which a prediction is positive.",
                kind=InputKind.NUMBER,
                required=True,
            ),
            REASON,
        ),
        ref=model_of,
        why_not=_no_champion,
        build=_threshold,
    ),
    Action(
        name="model.export",
        key="b",
        label="Bundle",
        help="Export the version as one signed file, for another installation.",
        scopes=(Scope.MODELS,),
        records=(ModelRecord, ModelVersion),
        cli="shopfloor model export {ref} {path}",
        inputs=(_path("path", "File", "Where the bundle goes: an absolute path."),),
        ref=champion_of,
        why_not=_no_champion,
        build=_export,
    ),
    Action(
        name="model.import",
        key="i",
        label="Import",
        help="Register a signed bundle, with --key also from another workspace.",
        scopes=(Scope.MODELS,),
        cli="shopfloor model import {path}",
        inputs=(_path("path", "File", "The bundle: an absolute path."),),
        build=_import,
    ),
)
