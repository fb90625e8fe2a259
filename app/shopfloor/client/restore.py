"""Put a backup of the metadata store in place, while no engine runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from shopfloor.domain.errors import ShopfloorError, from_wire
from shopfloor.domain.record import Record
from shopfloor.domain.wire import WireFailure


class Restored(Record, frozen=True, kw_only=True):
    """What was put in place: the backup, its last event, commits the journal adds, where the old one is kept."""

    backup: str
    seq: int
    replay: int
    aside: str = ""


def restore(workspace: Path, backup: Path) -> Restored:
    """Restore in a process of its own, because faces never load the database; raises its error."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "shopfloor.upkeep.restore",
            "--workspace",
            str(workspace),
            "--backup",
            str(backup),
        ],
        capture_output=True,
        check=False,
    )
    try:
        if done.returncode == 0:
            return msgspec.json.decode(done.stdout, type=Restored)
        error = msgspec.json.decode(done.stdout, type=WireFailure).error
    except msgspec.DecodeError as broken:
        raise ShopfloorError(
            "The backup could not be restored.", hint=done.stderr.decode(errors="replace").strip()[-300:]
        ) from broken
    raise from_wire(error.exit, error.message, error.hint, error.code, error.stored)
