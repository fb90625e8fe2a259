"""What can be done with a model beside training and releasing it."""

from __future__ import annotations

from shopfloor.actions.action import Action, Input, InputKind, Inputs
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import champion_of, model_of
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord, ModelVersion
from shopfloor.domain.requests.models import ModelExport, ModelImport, Predict, ValueShow


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
    return ValueShow(model=ref)


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
        cli="shopfloor value {ref}",
        ref=model_of,
        build=_value,
        shows=True,
        timeout=120.0,
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
