"""Files that are not let in, kept byte for byte beside the reason why."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from shopfloor.domain.codec import to_json
from shopfloor.domain.errors import IntegrityError
from shopfloor.domain.file import Reason
from shopfloor.domain.record import Record
from shopfloor.domain.reject import Reject
from shopfloor.workspace.digests import file_sha256
from shopfloor.workspace.durable import fsync_file, move_file, replace_file

_MAX_NAME = 120


class QuarantineRecord(Record, frozen=True, kw_only=True):
    """Everything needed to judge a quarantined file later (drop-folder.md §2.7).

    `path` is where it was delivered, printable; `path_hex` its exact bytes. `stage` is where it
    failed, `rule` the contract's revision, `software` versions by name, `child` exit code, signal
    and usage of the parsing process where that matters.
    """

    id: str
    dataset: str
    path: str
    path_hex: str
    sha256: str
    bytes: int
    reason: Reason
    stage: str = "parse"
    mtime_ns: int | None = None
    uid: int | None = None
    arrived_at: datetime | None = None
    rows: int = 0
    rejected_rows: int = 0
    rejects: tuple[Reject, ...] = ()
    notices: tuple[str, ...] = ()
    rule: int | None = None
    software: dict[str, str] = {}
    attempts: int = 1
    child: dict[str, Any] = {}


def quarantine(staged: Path, record: QuarantineRecord, root: Path, *, hashed: bool = False) -> Path:
    """Keep `staged` as `root/<dataset>/<sha12>-<name>`, mode 0400, with `.reason.json` beside it.

    Durable when it returns, and the same when done twice, also after a crash in between: then
    `staged` may be gone already. Raises `IntegrityError` when the bytes are not `record.sha256`, unless they
    are `hashed`: then no byte is read.
    """
    directory = root / record.dataset
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = directory / kept_name(record.path, record.sha256)
    if hashed and not staged.exists() and target.exists():
        pass  # done before
    elif hashed or not (target.exists() and file_sha256(target) == record.sha256):
        if not hashed and file_sha256(staged) != record.sha256:
            raise IntegrityError(
                f"The staged copy of {record.path} differs from the claimed file.",
                hint="Deliver the file again.",
                code="staging_damaged",
            )
        fsync_file(staged)
        move_file(staged, target, 0o400)
    else:
        staged.unlink(missing_ok=True)
    replace_file(reason_path(target), to_json(record), 0o400)
    return target


def kept_name(path: str, sha256: str) -> str:
    """A harmless file name: digest, then the last part of `path` with odd characters as `_`."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", path.rsplit("/", 1)[-1]).lstrip(".")
    stem, dot, suffix = name.partition(".")
    if len(name) > _MAX_NAME:
        name = stem[: max(1, _MAX_NAME - len(suffix) - 1)] + dot + suffix[-40:]
    return f"{sha256[:12]}-{name or 'file'}"


def reason_path(kept: Path) -> Path:
    """Where the record of a quarantined file lies."""
    return kept.with_name(kept.name + ".reason.json")
