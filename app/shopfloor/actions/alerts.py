"""What can be done with an alert, and checking a model now."""

from __future__ import annotations

from shopfloor.actions.action import Action, Input, InputKind, Inputs
from shopfloor.actions.moments import parse_until
from shopfloor.actions.panes import Scope
from shopfloor.actions.subjects import model_of
from shopfloor.domain.clock import Clock
from shopfloor.domain.monitor import AlertRecord, AlertState
from shopfloor.domain.record import Record
from shopfloor.domain.release import ModelRecord
from shopfloor.domain.requests.alerts import (
    AlertAck,
    AlertResolve,
    AlertShow,
    AlertSnooze,
    MonitorBacktest,
    MonitorRun,
)

NOTE = Input(name="note", label="Note", help="For whoever reads the alert later.")


def _id(record: Record) -> str:
    return record.id if isinstance(record, AlertRecord) else ""


def _not_new(record: Record) -> str | None:
    if not isinstance(record, AlertRecord):
        return None
    if record.state is AlertState.ACKNOWLEDGED:
        return "It is already acknowledged."
    return _over(record)


def _over(record: Record) -> str | None:
    if isinstance(record, AlertRecord) and record.state is AlertState.RESOLVED:
        return "It is resolved."
    return None


def _retired(record: Record) -> str | None:
    if isinstance(record, ModelRecord) and record.retired:
        return f"{record.name} is retired."
    return None if model_of(record) else "It does not concern a model."


def _ack(ref: str, inputs: Inputs) -> AlertAck:
    return AlertAck(id=ref, note=inputs.get("note", ""))


def snooze(ref: str, inputs: Inputs, clock: Clock | None = None) -> AlertSnooze:
    """The request to snooze; `until` is a time, or a span from now such as `4h`."""
    until = parse_until(inputs["until"], clock)
    return AlertSnooze(id=ref, until=until, note=inputs.get("note", ""))


def _resolve(ref: str, inputs: Inputs) -> AlertResolve:
    return AlertResolve(id=ref, note=inputs.get("note", ""))


def _monitor(ref: str, inputs: Inputs) -> MonitorRun:
    return MonitorRun(model=ref)


def _backtest(ref: str, inputs: Inputs) -> MonitorBacktest:
    return MonitorBacktest(model=ref)


def _now(ref: str) -> AlertShow:
    return AlertShow(id=ref)


ACTIONS = (
    Action(
        name="alert.ack",
        key="a",
        label="Ack",
        help="Mark the alert as being handled.",
        scopes=(Scope.ALERTS,),
        records=(AlertRecord,),
        cli="shopfloor alert ack {ref} [--note {note}]",
        inputs=(NOTE,),
        rank=11,
        ref=_id,
        why_not=_not_new,
        build=_ack,
        before=_now,
    ),
    Action(
        name="alert.snooze",
        key="w",
        label="Snooze",
        help="Hide the alert until a given time.",
        scopes=(Scope.ALERTS,),
        records=(AlertRecord,),
        cli="shopfloor alert snooze {ref} --until {until} [--note {note}]",
        inputs=(
            Input(
                name="until",
                label="Until",
                help="A span such as 4h, 1d or 2w, or a time such as 2026-06-30T14:00:00Z.",
                kind=InputKind.TIME,
                required=True,
                default="1d",
                also="--for",
            ),
            NOTE,
        ),
        rank=16,
        ref=_id,
        why_not=_over,
        build=snooze,
        before=_now,
    ),
    Action(
        name="alert.resolve",
        key="d",
        label="Done",
        help="Mark the alert as resolved.",
        scopes=(Scope.ALERTS,),
        records=(AlertRecord,),
        cli="shopfloor alert resolve {ref} [--note {note}]",
        inputs=(NOTE,),
        rank=12,
        ref=_id,
        why_not=_over,
        build=_resolve,
        before=_now,
    ),
    Action(
        name="monitor.run",
        key="m",
        label="Monitor",
        help="Check the model now.",
        scopes=(Scope.MODELS, Scope.ALERTS),
        records=(ModelRecord, AlertRecord),
        cli="shopfloor monitor run {ref}",
        rank=35,
        ref=model_of,
        why_not=_retired,
        build=_monitor,
    ),
    Action(
        name="monitor.backtest",
        key="t",
        label="Test rule",
        help="Replay the drift rule over all past deliveries: how often would it have fired?",
        scopes=(Scope.MODELS, Scope.ALERTS),
        records=(ModelRecord, AlertRecord),
        cli="shopfloor monitor backtest {ref}",
        ref=model_of,
        why_not=_retired,
        build=_backtest,
        shows=True,
        timeout=600.0,
    ),
)
