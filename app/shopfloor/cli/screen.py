"""`shopfloor` without a command: the terminal face, or the status where there is no terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.domain.errors import ExitCode, NotFoundError

_CANNOT_DRAW = frozenset({"dumb", "unknown"})


def open_screen(session: Session) -> int:
    """Run the terminal face; its exit code. Without a terminal that can draw, print the status and refuse."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _no_terminal(session, "stdin or stdout is not one", "Use a command instead: shopfloor --help")
    term = os.environ.get("TERM", "")
    if term in _CANNOT_DRAW:
        return _no_terminal(
            session,
            f"TERM={term} says that this one cannot move its cursor",
            "If it can, run: TERM=xterm-256color shopfloor; else use a command: shopfloor --help",
        )
    try:
        workspace = session.workspace
    except NotFoundError as error:
        if error.code != "workspace_not_found" or session.directory is not None:
            raise
        workspace = Path.cwd()  # the screens welcome whoever is new here
    return run_screen(workspace)


def run_screen(workspace: Path) -> int:
    """The one place where the command line leads into the terminal face; its exit code."""
    from shopfloor.tui.start import run_tui

    return run_tui(workspace)


def _no_terminal(session: Session, why: str, advice: str) -> int:
    from shopfloor.cli.output import workspace
    from shopfloor.domain.requests.workspace import StatusShow

    stream.data(workspace.describe(session.ask(StatusShow()), stream.terminal_width()))
    stream.narrate(f"shopfloor: the screens need a terminal, but {why}.")
    stream.narrate(f"hint: {advice}")
    return int(ExitCode.USAGE)
