"""When reading a delivery ended the process: find the file that did it, and spare the others."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shopfloor.domain.file import FileState
from shopfloor.formats import reasons
from shopfloor.formats.staged import StagedFile
from shopfloor.intake.records import FileOutcome, IntakeSpec


def halves(spec: IntakeSpec) -> tuple[IntakeSpec, ...]:
    """The delivery as two smaller ones, each with a staging directory of its own.

    Empty for a delivery of one file: that file is the failed one, see `crashed`. The second half
    must be run with the contract and parts that the first one left.
    """
    count = len(spec.files)
    if count < 2:
        return ()
    pieces = (spec.files[: count // 2], spec.files[count // 2 :])
    return tuple(
        msgspec.structs.replace(spec, files=files, staging=str(Path(spec.staging) / str(number)))
        for number, files in enumerate(pieces)
    )


def crashed(file: StagedFile, detail: str) -> FileOutcome:
    """The outcome of a file whose parsing ended the process; `detail` is the signal or code."""
    return FileOutcome(id=file.id, state=FileState.QUARANTINED, reason=reasons.crashed(detail))
