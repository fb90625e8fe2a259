"""`shopfloor` without a command: the terminal face, or the status where there is no terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from shopfloor.cli.output import stream
from shopfloor.cli.session import Session
from shopfloor.domain.errors import ExitCode, NotFoundError


def open_screen(session: Session) -> int:
    """Run the terminal face; its exit code. Without a terminal, print the status and refuse."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _no_terminal(session)
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


def _no_terminal(session: Session) -> int:
    from shopfloor.cli.output import workspace
    from shopfloor.domain.requests.workspace import StatusShow

    stream.data(workspace.describe(session.ask(StatusShow()), stream.terminal_width()))
    stream.narrate("shopfloor: the screens need a terminal, but stdin or stdout is not one.")
    stream.narrate("hint: Use a command instead: shopfloor --help")
    return int(ExitCode.USAGE)
