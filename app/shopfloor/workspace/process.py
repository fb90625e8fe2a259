"""What the kernel says of a process of this machine, read from /proc."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

_STATE, _START = 0, 19  # fields of /proc/PID/stat that follow the name, which may hold anything
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class ProcessState(StrEnum):
    """`stopped` is a process that a signal (SIGSTOP, ctrl+z, a debugger) holds; `busy` all others that live."""

    BUSY = "busy"
    STOPPED = "stopped"
    DEAD = "dead"


def process_state(pid: int) -> ProcessState:
    """Whether a process lives, and whether it may run."""
    fields = _stat(pid)
    if not fields or fields[_STATE] in {"Z", "X"}:
        return ProcessState.DEAD
    return ProcessState.STOPPED if fields[_STATE] in {"T", "t"} else ProcessState.BUSY


def process_identity(pid: int) -> str:
    """A name that no other process ever has: `BOOT:PID:START`. Empty for one that does not live."""
    fields = _stat(pid)
    if not fields or fields[_STATE] in {"Z", "X"}:
        return ""
    return f"{_BOOT.read_text(encoding='ascii').strip()}:{pid}:{fields[_START]}"


def own_identity() -> str:
    """`process_identity` of this process."""
    return process_identity(os.getpid())


def is_running(identity: str) -> bool:
    """Whether the very process that `process_identity` named is alive; False for a text that names none."""
    return bool(identity) and process_identity(pid_of(identity)) == identity


def pid_of(identity: str) -> int:
    """The process id in an identity; 0 for a text that is none."""
    number = identity.split(":")[1] if identity.count(":") == 2 else ""
    return int(number) if number.isdecimal() else 0


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
