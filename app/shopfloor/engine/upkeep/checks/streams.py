"""Streams and followed files: rows that were accepted come in, and lines that were written are read."""

from __future__ import annotations

from collections.abc import Iterator

from shopfloor.domain.requests.workspace import DoctorFinding
from shopfloor.engine.upkeep.checks.patient import Patient, summed


def streams(patient: Patient) -> Iterator[DoctorFinding]:
    """No stream and no followed file is stuck."""
    complaints = [
        f"{one.dataset}: {one.problem}{f' {one.hint}' if one.hint else ''}" for one in patient.streams if one.problem
    ]
    followed = [file for one in patient.streams for file in one.followed]
    complaints += [f"{file.path} is followed, and stuck: {file.detail}" for file in followed if file.stuck]
    if not patient.streams:
        healthy = "no rows are streamed"
    else:
        healthy = f"{_many(len(patient.streams), 'stream')} and {_many(len(followed), 'followed file')} go on"
    yield from summed("streams", complaints, healthy)


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
