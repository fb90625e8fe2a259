"""Put a backup of the metadata store in place, while no engine runs."""

from __future__ import annotations

from pathlib import Path

from shopfloor.client.child import run_tool
from shopfloor.domain.record import Record
from shopfloor.workspace.accounts import check_owner


class Restored(Record, frozen=True, kw_only=True):
    """What was put in place: the backup and its last event, how many events are undone, how many files lie in their
    drop folders again, how many stored objects are gone or cut, where the old database is kept."""

    backup: str
    seq: int
    undone: int
    again: int
    lost: int
    aside: str = ""


def restore(workspace: Path, backup: Path) -> Restored:
    """Restore in a process of its own; raises its error."""
    check_owner(workspace, "restore a backup")
    return run_tool("restore", "shopfloor.upkeep.restore", workspace, "--backup", str(backup), answer=Restored)
