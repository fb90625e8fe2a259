"""What goes to a worker and what comes back."""

from __future__ import annotations

from typing import Any

import msgspec

from shopfloor.domain.wire import WireError


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One task for a worker: its address, its spec as plain JSON, where to write its log."""

    task: str
    spec: Any
    log: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far a task is."""

    fraction: float
    stage: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """What a task returned, as plain JSON."""

    value: Any


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """Why a task did not."""

    error: WireError


Message = Progress | Result | Failure
