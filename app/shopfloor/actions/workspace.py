"""What can be done with the workspace as a whole."""

from __future__ import annotations

from shopfloor.actions.action import SET, Action, Confirm, Input, InputKind, Inputs
from shopfloor.actions.fields import whole
from shopfloor.actions.panes import Scope
from shopfloor.domain.requests.workspace import Backup, Doctor, Gc, Rescan, Shutdown, Undo

_HOME = (Scope.HOME,)


def _rescan(ref: str, inputs: Inputs) -> Rescan:
    return Rescan()


def _backup(ref: str, inputs: Inputs) -> Backup:
    return Backup()


def _doctor(ref: str, inputs: Inputs) -> Doctor:
    return Doctor()


def _repair(ref: str, inputs: Inputs) -> Doctor:
    return Doctor(repair=True)


def _gc(ref: str, inputs: Inputs) -> Gc:
    return Gc()


def _unused(ref: str, inputs: Inputs) -> Gc:
    return Gc(dry_run=True)


def _shutdown(ref: str, inputs: Inputs) -> Shutdown:
    return Shutdown()


def _undo(ref: str, inputs: Inputs) -> Undo:
    seq = whole(inputs["seq"], "the event") if "seq" in inputs else None
    return Undo(seq=seq, dry_run=inputs.get("dry_run") == SET)


ACTIONS = (
    Action(
        name="workspace.scan",
        key="f",
        label="Find files",
        help="Scan all drop folders now.",
        scopes=(Scope.HOME, Scope.DATASETS),
        cli="shopfloor scan",
        rank=30,
        build=_rescan,
        timeout=120.0,
    ),
    Action(
        name="workspace.backup",
        key="b",
        label="Backup",
        help="Back up the metadata now, and verify the copy.",
        scopes=_HOME,
        cli="shopfloor backup",
        rank=31,
        build=_backup,
        timeout=600.0,
    ),
    Action(
        name="workspace.doctor",
        key="d",
        label="Doctor",
        help="Check store, journal, objects, artifacts and drop folders.",
        scopes=_HOME,
        cli="shopfloor doctor",
        rank=32,
        build=_doctor,
        shows=True,
        timeout=600.0,
    ),
    Action(
        name="workspace.repair",
        label="Repair",
        help="Check everything, and repair what is safe to repair.",
        scopes=_HOME,
        confirm=Confirm(question="Repair what the doctor finds, where that is safe?"),
        cli="shopfloor doctor --repair",
        build=_repair,
        shows=True,
        timeout=600.0,
    ),
    Action(
        name="workspace.gc",
        label="Clean up",
        help="Remove stored objects that are no longer referenced.",
        scopes=_HOME,
        confirm=Confirm(question="Remove all stored objects that are no longer referenced?"),
        cli="shopfloor gc",
        build=_gc,
        timeout=600.0,
    ),
    Action(
        name="workspace.unused",
        label="Unused",
        help="Only show what would be removed.",
        scopes=_HOME,
        cli="shopfloor gc --dry-run",
        build=_unused,
        shows=True,
        timeout=600.0,
    ),
    Action(
        name="engine.start",
        key="u",
        label="Start engine",
        help="Start the engine, also after somebody stopped it.",
        scopes=_HOME,
        cli="shopfloor up",
    ),
    Action(
        name="workspace.undo",
        label="Undo",
        help="Take back your newest change, or the one of an event; refused when anything moved since.",
        scopes=(Scope.HOME, Scope.ACTIVITY),
        confirm=Confirm(question="Undo your newest change, or that of event {seq}?"),
        cli="shopfloor undo [{seq}] [--dry-run{dry_run!}]",
        inputs=(
            Input(name="seq", label="Event", help="Its number (default: your newest change).", kind=InputKind.NUMBER),
            Input(name="dry_run", label="Dry run", help="Only say what it would do.", kind=InputKind.FLAG),
        ),
        build=_undo,
        timeout=600.0,
        shows=True,
    ),
    Action(
        name="engine.stop",
        label="Stop engine",
        help="Stop the engine until somebody starts it; running jobs then resume.",
        scopes=_HOME,
        confirm=Confirm(question="Stop the engine? New files and alerts wait until it is started again."),
        cli="shopfloor down",
        build=_shutdown,
    ),
)
