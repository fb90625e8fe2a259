"""A tool of the package that runs in a process of its own, because faces never load the database."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from shopfloor.domain.errors import ShopfloorError, from_wire
from shopfloor.domain.wire import WireFailure
from shopfloor.workspace.layout import Layout

A = TypeVar("A")


def run_tool(what: str, module: str, workspace: Path, *options: str, answer: type[A]) -> A:
    """What `python -m module` prints as JSON; raises its error.

    Where it ends without a word the error says so of `what`, and what it left on standard error is in the log.
    """
    command = [sys.executable, "-m", module, "--workspace", str(workspace), *options]
    done = subprocess.run(command, capture_output=True, check=False)
    try:
        if done.returncode == 0:
            return msgspec.json.decode(done.stdout, type=answer)
        error = msgspec.json.decode(done.stdout, type=WireFailure).error
    except msgspec.DecodeError as broken:
        raise _died(what, done, Layout(workspace).log) from broken
    raise from_wire(error.exit, error.message, error.hint, error.code, error.stored)


def _died(what: str, done: subprocess.CompletedProcess[bytes], log: Path) -> ShopfloorError:
    with suppress(OSError), log.open("ab") as file:
        file.write(done.stderr)
    code = done.returncode
    end = f"ended with exit code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
    return ShopfloorError(
        f"The {what} {end} before it was done.",
        hint=f"Run it again, which loses nothing. What it said last is in {log}.",
        code="tool_died",
    )
