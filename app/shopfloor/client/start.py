"""Start an engine where none runs, exactly one however many ask."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from shopfloor.client.connection import EngineClient
from shopfloor.client.silence import absent, is_stopped, silent
from shopfloor.domain.clock import SystemClock
from shopfloor.domain.errors import UnreachableError
from shopfloor.workspace import team
from shopfloor.workspace.accounts import foreign_owner, not_running, own_name, stranger
from shopfloor.workspace.layout import Layout
from shopfloor.workspace.stop_mark import StopMark, leave_mark, read_mark, remove_mark

_TIMEOUT_SECONDS = 30.0


def engine_running(workspace: Path) -> bool:
    """True when some process owns the workspace. Another user than its owner sees only whether that answers."""
    layout = Layout(workspace)
    if foreign_owner(workspace):
        return _answers(layout)
    try:
        handle = os.open(layout.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def connect(workspace: Path, *, start: bool = True) -> EngineClient:
    """A client of the workspace's engine; starts a detached engine when `start` and none runs.

    One that somebody stopped stays so (`keep_stopped`): that raises `StoppedError`. Only the owner of the workspace
    starts one.
    """
    layout = Layout(workspace)
    client = EngineClient(workspace, layout.socket)
    if _answers(layout):
        return client
    if not layout.settings.exists() or not (start or engine_running(workspace)):
        raise absent(workspace)
    _check_owner(workspace)
    layout.create()
    with open(layout.run / "start.lock", "w", opener=_private) as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _await_engine(layout)
    return client


def keep_stopped(workspace: Path) -> None:
    """No client starts an engine by itself from now on; an engine that stops on request does the same."""
    _check_owner(workspace)
    layout = Layout(workspace)
    layout.create()
    leave_mark(layout, StopMark(by=own_name(), at=SystemClock().now()))


def is_kept_stopped(workspace: Path) -> bool:
    """Whether somebody stopped the engine and nobody has started it since."""
    return read_mark(Layout(workspace)) is not None


def allow_start(workspace: Path) -> None:
    """Undo `keep_stopped`: the next client starts an engine."""
    if foreign_owner(workspace):
        return  # whom it does not start one for, and who cannot
    remove_mark(Layout(workspace))


def _check_owner(workspace: Path) -> None:
    """Raises `UnreachableError` for anybody else."""
    if owner := foreign_owner(workspace):
        raise not_running(owner)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def run_foreground(workspace: Path) -> int:
    """Run the engine in this terminal until it is stopped; its exit code."""
    _check_owner(workspace)
    Layout(workspace).create()
    allow_start(workspace)
    return subprocess.call(_command(workspace))


def _command(workspace: Path) -> list[str]:
    return [sys.executable, "-m", "shopfloor.engine", "--workspace", str(workspace)]


def _spawn(layout: Layout) -> subprocess.Popen[bytes]:
    log = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            _command(layout.root),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            close_fds=True,
        )
    finally:
        os.close(log)


def _await_engine(layout: Layout) -> None:
    """Wait for the workspace's engine to answer, and start one as soon as none owns the workspace.

    An owner that does not answer may be one that comes up, or one that was killed and whose memory
    the kernel still frees: the lock goes last. Only looking again tells the two apart.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    started: subprocess.Popen[bytes] | None = None
    pause = 0.02
    while time.monotonic() < deadline:
        owned = engine_running(layout.root)
        if started is None and not owned:
            if read_mark(layout) is not None:
                raise absent(layout.root)
            started = _spawn(layout)
        if _answers(layout):
            return
        if owned and is_stopped(layout.root):
            raise silent(layout.root, _TIMEOUT_SECONDS)
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
        if started is not None and started.poll() is not None:
            if not engine_running(layout.root):
                break  # its log says why
            started = None  # it left the workspace to an engine that was quicker
    if _answers(layout):
        return
    if started is None and engine_running(layout.root):
        raise silent(layout.root, _TIMEOUT_SECONDS)
    raise UnreachableError(f"The engine did not start. {_last_words(layout)}".strip(), hint=f"Its log is {layout.log}")


def _answers(layout: Layout) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(layout.socket))
        except PermissionError:
            if owner := foreign_owner(layout.root):
                raise stranger(own_name(), owner, team.group_of(layout)) from None
            return False
        except OSError:
            return False
    return True


def _last_words(layout: Layout) -> str:
    try:
        lines = layout.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"Its last line: {lines[-1][:300]}" if lines else ""
