"""Why the engine gives no answer, from what the kernel knows of its process, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

from shopfloor.domain.errors import ShopfloorError, StoppedError, UnreachableError
from shopfloor.domain.numbers import exact
from shopfloor.domain.text import safe
from shopfloor.workspace.accounts import foreign_owner, not_running
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.process import ProcessState, process_state
from shopfloor.workspace.stop_mark import read_mark


def engine_pid(workspace: Path) -> int:
    """The process that wrote itself into the owner's lock; 0 when none did."""
    try:
        return int(json.loads(Layout(workspace).lock.read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def is_stopped(workspace: Path) -> bool:
    """Whether a signal holds the process that owns the workspace."""
    pid = engine_pid(workspace)
    return pid > 0 and process_state(pid) is ProcessState.STOPPED


def silent(workspace: Path, seconds: float) -> UnreachableError:
    """The engine runs and has not answered; it has had `seconds` for it, unless it is stopped."""
    pid = engine_pid(workspace)
    if is_stopped(workspace):
        return UnreachableError(
            f"The engine (process {pid}) is stopped by a signal and cannot answer.",
            hint=f"Let it continue: kill -CONT {pid}. Or end it, which loses nothing: kill -KILL {pid}",
            code="engine_stopped",
        )
    end = f" Or end it, which loses nothing: kill -KILL {pid}" if pid else ""
    return UnreachableError(
        f"The engine{f' (process {pid})' if pid else ''} is busy: it has not answered within {exact(seconds)} s.",
        hint=f"Try again later; its log is {Layout(workspace).log}.{end}",
        code="engine_busy",
    )


def absent(workspace: Path) -> ShopfloorError:
    """No engine runs: somebody stopped it, its workspace is gone, or nobody started it."""
    layout = Layout(workspace)
    if not layout.settings.exists():
        return ShopfloorError(
            f"There is no workspace at {safe(layout.root, 200)} any more: it was moved or deleted.",
            hint="If it was moved, run the command again in its new place.",
            code="workspace_gone",
        )
    if owner := foreign_owner(workspace):
        return not_running(owner)
    mark = read_mark(layout)
    if mark is not None:
        return StoppedError(safe(mark.by, 60), mark.at.astimezone())
    return UnreachableError("The engine of this workspace is not running.", hint="Start it: shopfloor up")
