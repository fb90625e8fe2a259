"""What a job did, line by line and with figures, in the file where its worker's own output goes, too."""

from __future__ import annotations

import contextlib
from pathlib import Path

from shopfloor.domain.clock import Clock
from shopfloor.domain.job import JobRecord
from shopfloor.domain.text import safe
from shopfloor.workspace.layout import Layout

_LINE = 1000  # characters
_TAIL_BYTES = 256 * 1024
_MOST = 500
"""So many lines are written at once; a delivery of thousands of files is summed up."""


class JobLogFile:
    """Appends to the log of one job. Nothing depends on it: what cannot be written is left out."""

    def __init__(self, layout: Layout, job: JobRecord, clock: Clock) -> None:
        self.path = log_path(layout, job.id)
        self._clock = clock

    def write(self, *lines: str) -> None:
        """Add lines, each with the time (UTC)."""
        stamp = f"{self._clock.now():%Y-%m-%d %H:%M:%S}"
        shown = lines[:_MOST] if len(lines) <= _MOST else (*lines[:_MOST], f"and {len(lines) - _MOST} more lines")
        text = "".join(f"{stamp}  {safe(line, _LINE)}\n" for line in shown)
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as log:
            log.write(text)


def log_path(layout: Layout, id: str) -> Path:
    """Where the log of a job lies."""
    return layout.job_logs / f"{id}.log"


def forget_old_logs(layout: Layout, clock: Clock, days: float) -> None:
    """Remove the logs of jobs that were last written more than `days` ago; 0 keeps them for ever."""
    before = clock.now().timestamp() - days * 86_400
    for path in layout.job_logs.glob("j*.log") if days else ():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()


def tail(path: Path, after: int) -> tuple[str, int]:
    """The whole lines that begin at byte `after`, or near the end where those are too many; and where to go on."""
    try:
        with path.open("rb") as log:
            size = log.seek(0, 2)
            start = max(after, size - _TAIL_BYTES)
            log.seek(start)
            data = log.read(_TAIL_BYTES)
    except FileNotFoundError:
        return "", after
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), start + len(whole)
