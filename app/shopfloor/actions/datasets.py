"""What can be done with a dataset."""

from __future__ import annotations

from shopfloor.actions.action import REASON, Action, Confirm, Input, InputKind, Inputs, Scope
from shopfloor.actions.fields import choice, names, values
from shopfloor.domain.contract import Mode, SchemaPolicy
from shopfloor.domain.dataset import DatasetRecord, DatasetVersion
from shopfloor.domain.errors import UsageError
from shopfloor.domain.record import Record
from shopfloor.domain.requests.datasets import DatasetDefine, DatasetRollback
from shopfloor.domain.text import safe


def _version(record: Record) -> str:
    return f"{record.dataset}@{record.version}" if isinstance(record, DatasetVersion) else ""


def _name(record: Record) -> str:
    return record.name if isinstance(record, DatasetRecord) else ""


def _mode(record: Record) -> dict[str, str]:
    return {"mode": record.mode} if isinstance(record, DatasetRecord) else {}


def _rollback(ref: str, inputs: Inputs) -> DatasetRollback:
    return DatasetRollback(ref=ref, reason=inputs.get("reason", ""))


def _define(ref: str, inputs: Inputs) -> DatasetDefine:
    return DatasetDefine(
        name=ref,
        mode=choice(Mode, inputs, "mode"),
        key=names(inputs["key"]) if "key" in inputs else None,
        time=inputs.get("time"),
        schema_policy=choice(SchemaPolicy, inputs, "schema_policy"),
        reject_budget=_share(inputs["reject_budget"]) if "reject_budget" in inputs else None,
    )


def _share(text: str) -> float:
    """A number such as 0.01; what it may be is the contract's to say."""
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(
            f"{safe(text, 40)!r} is not a share.", hint="0.01 allows one row in a hundred.", code="bad_value"
        ) from error


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
    ),
    Action(
        name="dataset.define",
        key="i",
        label="Intake rules",
        help="Change how the dataset takes files in.",
        scopes=(Scope.DATASETS,),
        records=(DatasetRecord,),
        cli="shopfloor dataset define {ref} [--mode {mode}] [--key {key}] [--time {time}]"
        " [--schema-policy {schema_policy}] [--reject-budget {reject_budget}]",
        inputs=(
            Input(
                name="mode",
                label="Mode",
                help="append adds rows, snapshot replaces all, upsert replaces rows by key.",
                kind=InputKind.CHOICE,
                choices=values(Mode),
            ),
            Input(
                name="key",
                label="Key columns",
                help="Columns that name a row, with commas. upsert needs them.",
                kind=InputKind.NAMES,
            ),
            Input(name="time", label="Time column", help="The column that orders the rows."),
            Input(
                name="schema_policy",
                label="Other columns",
                help="What happens when a file has other columns than the contract.",
                kind=InputKind.CHOICE,
                choices=values(SchemaPolicy),
            ),
            Input(
                name="reject_budget",
                label="Reject budget",
                help="The share of rows that may be rejected before the whole file is held; 0.01 is one in 100.",
            ),
        ),
        rank=25,
        ref=_name,
        prefill=_mode,
        build=_define,
    ),
)
