"""Streams and followed files: rows that were accepted come in, and lines that were written are read."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.domain.text import counted
from shopfloor.upkeep.checks.doctor_context import DoctorContext, summed


def streams(doctor: DoctorContext) -> Iterator[DoctorFinding]:
    """No stream and no followed file is stuck."""
    problems = [
        f"{one.dataset}: {one.problem}{f' {one.hint}' if one.hint else ''}" for one in doctor.streams if one.problem
    ]
    followed = [file for one in doctor.streams for file in one.followed]
    problems += [f"{file.path} is followed but stuck: {file.detail}" for file in followed if file.stuck]
    if not doctor.streams:
        healthy = "no rows are streamed"
    else:
        healthy = f"{counted(len(doctor.streams), 'stream')} and {counted(len(followed), 'followed file')} are running"
    yield from summed("streams", problems, healthy)
