"""What can be done with a dataset."""

from __future__ import annotations

from shopfloor.actions.action import REASON, SET, Action, Confirm, Form, Input, InputKind, Inputs
from shopfloor.actions.fields import choice, names, number, values, whole
from shopfloor.actions.panes import Scope
from shopfloor.domain.contract import Contract, Corrected, Mode, Originals, SchemaPolicy
from shopfloor.domain.dataset import DatasetRecord, DatasetVersion
from shopfloor.domain.names import parse_version, split_ref
from shopfloor.domain.numbers import exact
from shopfloor.domain.record import Record
from shopfloor.domain.requests.datasets import (
    DatasetContract,
    DatasetDefine,
    DatasetRollback,
    DatasetTrust,
    DatasetVersionShow,
)
from shopfloor.domain.trust import Trust


def _version(record: Record) -> str:
    return f"{record.dataset}@{record.version}" if isinstance(record, DatasetVersion) else ""


def _name(record: Record) -> str:
    return record.name if isinstance(record, DatasetRecord) else ""


def _mode(record: Record) -> dict[str, str]:
    return {"mode": record.mode} if isinstance(record, DatasetRecord) else {}


def _rollback(ref: str, inputs: Inputs) -> DatasetRollback:
    name, version = split_ref(ref)
    return DatasetRollback(ref=f"{name}@{parse_version(version, ref)}", reason=inputs.get("reason", ""))


def _trust(ref: str, inputs: Inputs) -> DatasetTrust:
    name, version = split_ref(ref)
    return DatasetTrust(ref=f"{name}@{parse_version(version, ref)}", reason=inputs.get("reason", ""))


def _trusted(record: Record) -> str | None:
    if not isinstance(record, DatasetVersion):
        return None
    return "Nothing speaks against it." if record.trust is None or record.trust.trust is Trust.TRUSTED else None


def _doubted(record: Record) -> str:
    verdict = record.trust if isinstance(record, DatasetVersion) else None
    return f"{verdict.ref} is {verdict.trust}: {verdict.why}" if verdict is not None else ""


def _define(ref: str, inputs: Inputs) -> DatasetDefine:
    return DatasetDefine(
        name=ref,
        mode=choice(Mode, inputs, "mode"),
        query=inputs["query"].strip() if "query" in inputs else None,
        key=names(inputs["key"]) if "key" in inputs else None,
        time=inputs["time"].strip() if "time" in inputs else None,
        schema_policy=choice(SchemaPolicy, inputs, "schema_policy"),
        reject_budget=_number(inputs, "reject_budget"),
        corrected=choice(Corrected, inputs, "corrected"),
        repeated=inputs["repeated"] == SET if "repeated" in inputs else None,
        originals=choice(Originals, inputs, "originals"),
        min_rows=whole(inputs["min_rows"], "the fewest rows") if "min_rows" in inputs else None,
        max_rows=whole(inputs["max_rows"], "the most rows") if "max_rows" in inputs else None,
        band=_number(inputs, "band"),
        fresh_hours=_number(inputs, "fresh_hours"),
    )


def _number(inputs: Inputs, name: str) -> float | None:
    """A number such as 0.01; what it may be is the contract's to say."""
    return number(inputs[name], name.replace("_", " ")) if name in inputs else None


def in_force(contract: Contract) -> dict[str, str]:
    """What the contract says now for each field of the intake rules; empty where it asks nothing."""
    arrival, volume = contract.arrival, contract.volume
    given: dict[str, object] = {
        "mode": contract.mode,
        "query": contract.query,
        "key": ", ".join(contract.key),
        "time": contract.time,
        "schema_policy": contract.schema_policy,
        "reject_budget": contract.reject_budget or None,
        "corrected": arrival.corrected,
        "repeated": SET if arrival.repeated else "no",
        "originals": arrival.originals,
        "min_rows": volume.min_rows,
        "max_rows": volume.max_rows,
        "band": volume.band,
        "fresh_hours": contract.freshness.hours or None,
    }
    return {
        name: "" if value is None else exact(value) if isinstance(value, float) else str(value)
        for name, value in given.items()
    }


ACTIONS = (
    Action(
        name="dataset.rollback",
        key="R",
        label="Rollback",
        help="Make the content of this earlier version the newest version.",
        scopes=(Scope.DATASETS,),
        records=(DatasetVersion,),
        confirm=Confirm(
            question="Make the content of {ref} the newest version of {name}? Later versions stay readable."
        ),
        cli="shopfloor dataset rollback {ref} [--reason {reason}]",
        inputs=(REASON,),
        rank=15,
        ref=_version,
        build=_rollback,
        before=lambda ref: DatasetVersionShow(ref=split_ref(ref)[0]),
        timeout=620.0,
    ),
    Action(
        name="dataset.trust",
        label="Trust",
        help="Declare the rows that a version brought trusted: they are learned from, and what learned is released.",
        scopes=(Scope.DATASETS,),
        records=(DatasetVersion,),
        confirm=Confirm(question="Declare the rows that {ref} brought trusted?", effect=_doubted),
        cli="shopfloor dataset trust {ref} [--reason {reason}]",
        inputs=(REASON,),
        ref=_version,
        why_not=_trusted,
        build=_trust,
        before=lambda ref: DatasetVersionShow(ref=ref),
    ),
    Action(
        name="dataset.define",
        key="i",
        label="Intake rules",
        help="Change how the dataset ingests files.",
        title="Intake rules of {ref}",
        form=Form.RULES,
        submit="Save",
        scopes=(Scope.DATASETS,),
        records=(DatasetRecord,),
        cli="shopfloor dataset define {ref} [--mode {mode}] [--query {query}] [--key {key}] [--time {time}]"
        " [--schema-policy {schema_policy}] [--reject-budget {reject_budget}] [--corrected {corrected}]"
        " [--repeated {repeated}] [--originals {originals}] [--min-rows {min_rows}] [--max-rows {max_rows}]"
        " [--band {band}] [--fresh-hours {fresh_hours}]",
        inputs=(
            Input(
                name="mode",
                label="Mode",
                help="append adds rows, snapshot replaces all, upsert replaces rows by key.",
                kind=InputKind.CHOICE,
                choices=values(Mode),
            ),
            Input(
                name="query",
                label="Query",
                help="A SELECT over other datasets that makes the rows; then it takes no files.",
                clears=True,
            ),
            Input(
                name="key",
                label="Key columns",
                help="Columns that identify a row, separated by commas. Required for upsert.",
                kind=InputKind.NAMES,
                clears=True,
            ),
            Input(name="time", label="Time column", help="The column that orders the rows.", clears=True),
            Input(
                name="schema_policy",
                label="Other columns",
                help="What happens when a file has columns that the contract does not have.",
                kind=InputKind.CHOICE,
                choices=values(SchemaPolicy),
            ),
            Input(
                name="reject_budget",
                label="Reject budget",
                help="The share of rows that may be rejected before the whole file is held; 0.01 is one in 100.",
                kind=InputKind.NUMBER,
            ),
            Input(
                name="corrected",
                label="Corrected",
                help="A known path with new content: append adds its rows, supersede lets them replace the earlier.",
                kind=InputKind.CHOICE,
                choices=values(Corrected),
            ),
            Input(
                name="repeated",
                label="Repeated",
                help="Whether a file with known content is ingested again when it is delivered again.",
                kind=InputKind.CHOICE,
                choices=(SET, "no"),
            ),
            Input(
                name="originals",
                label="Originals",
                help="What happens to a file after it is ingested; default: as workspace.toml says.",
                kind=InputKind.CHOICE,
                choices=values(Originals),
            ),
            Input(
                name="min_rows",
                label="Fewest rows",
                help="A file with fewer rows is held.",
                kind=InputKind.NUMBER,
            ),
            Input(name="max_rows", label="Most rows", help="A file with more rows is held.", kind=InputKind.NUMBER),
            Input(
                name="band",
                label="Band",
                help="How far the row count may be from the usual one: 0.5 allows half to one and a half times.",
                kind=InputKind.NUMBER,
            ),
            Input(
                name="fresh_hours",
                label="Fresh hours",
                help="Alert when there has been no new version for this many hours; 0: never.",
                kind=InputKind.NUMBER,
            ),
        ),
        rank=25,
        ref=_name,
        prefill=_mode,
        build=_define,
        before=lambda ref: DatasetContract(name=ref),
    ),
)
