"""What a test may not leave behind: a stranger in the same process would fail for it, or only in some order."""

from __future__ import annotations

import locale
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

# `pytest-timeout` has the alarm; a handler of any other signal would be met by the next test.
_SIGNALS = sorted(set(signal.Signals) - {signal.SIGALRM, signal.SIGKILL, signal.SIGSTOP})
# Processes that last as long as this one: what is copied (`tests/forking.py`), and Python's own.
_LASTING = ("tests/forking.py", "resource_tracker")
_GRACE_SECONDS = 60.0
# Variables of pytest, and of libraries that set them when they are imported.
_FOREIGN = ("PYTEST_", "KMP_", "OMP_", "OPENBLAS_", "MKL_")


def state() -> dict[str, Any]:
    """What all tests of a process share, by its name."""
    return {
        "working directory": os.getcwd(),
        "environment": {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
        "umask": _umask(),
        "signal handlers": [signal.getsignal(one) for one in _SIGNALS],
        "locale": locale.setlocale(locale.LC_ALL),
        "time zone": (time.tzname, time.timezone),
        "module path": list(sys.path),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "recursion limit": sys.getrecursionlimit(),
        "threads": set(threading.enumerate()),
        "children": set(_children()),
    }


def changed(before: dict[str, Any], folder: Path | None) -> list[str]:
    """What is not as it was, in words; threads and processes that are about to end may do so."""
    after = state()
    variables = before["environment"].items() ^ after["environment"].items()
    # Their values may be secret.
    found = [f"environment variable: {name}" for name in sorted({name for name, _ in variables})]
    found += [
        f"{name}: {before[name]!r} is {after[name]!r} now"
        for name in before
        if not isinstance(before[name], set | dict) and before[name] != after[name]
    ]
    end = time.monotonic() + _GRACE_SECONDS
    while (left := _left(before)) and time.monotonic() < end:
        time.sleep(0.01)
    mounts = Path("/proc/self/mountinfo").read_text().splitlines() if folder is not None else []
    return [*found, *left, *(f"mounted: {line}" for line in mounts if line.split()[4].startswith(f"{folder}/"))]


def _left(before: dict[str, Any]) -> list[str]:
    threads = [f"thread: {one}" for one in threading.enumerate() if one not in before["threads"]]
    return threads + [f"process: {_command(pid)}" for pid in _children() if pid not in before["children"]]


def _umask() -> str:
    return next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Umask"))


def _children() -> list[str]:
    """Process ids of children that run and do not last."""
    tasks = Path("/proc/self/task")
    found = [pid for task in os.listdir(tasks) for pid in _read(tasks / task / "children").split()]
    return [pid for pid in found if (said := _command(pid)) and not any(word in said for word in _LASTING)]


def _command(pid: str) -> str:
    """Empty for a process that has ended, whether or not somebody has noticed."""
    return _read(Path("/proc", pid, "cmdline")).replace("\0", " ")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
