"""What a directory entry is to the intake: a candidate, something to leave alone, or a refusal."""

from __future__ import annotations

import stat
from enum import StrEnum

from shopfloor.domain.dropped import ignored
from shopfloor.domain.file import Reason
from shopfloor.domain.file_formats import endings
from shopfloor.formats.reasons.files import unread_extension


class CandidateKind(StrEnum):
    """What to do with an entry."""

    CANDIDATE = "candidate"
    IGNORED = "ignored"
    REFUSED = "refused"
    DIRECTORY = "directory"


_CANDIDATE = (CandidateKind.CANDIDATE, None)
HARD_LINK = "The file has other hard links, so its content may still change; the copy made now is used."


def classify(name: str, mode: int) -> tuple[CandidateKind, Reason | None]:
    """What the entry `name` with `st_mode` is, and for a refusal why.

    Nothing is opened: links, pipes, sockets and devices are known from `lstat` alone. A file with
    several hard links is a candidate; the caller adds the warning `HARD_LINK`.
    """
    if ignored(name):
        return CandidateKind.IGNORED, None
    if not name.isascii() and not _is_utf8(name):
        return CandidateKind.REFUSED, Reason(
            code="name_not_utf8",
            message="The file's name is not valid UTF-8.",
            hint="Rename the file.",
        )
    if stat.S_ISREG(mode):
        lowered = name.lower()
        return _CANDIDATE if lowered.endswith(endings()) else (CandidateKind.REFUSED, unread_extension(lowered))
    if stat.S_ISDIR(mode):
        return CandidateKind.DIRECTORY, None
    return CandidateKind.REFUSED, _special(mode)


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:  # surrogates stand for bytes that could not be decoded
        return False
    return True


def _special(mode: int) -> Reason:
    if stat.S_ISLNK(mode):
        return Reason(
            code="symlink",
            message="Symbolic links are not followed: they could lead out of the drop folder.",
            hint="Copy or move the file itself.",
        )
    what = "a named pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    return Reason(
        code="not_a_file",
        message=f"This is {what}, not a regular file.",
        hint="Deliver a regular file.",
    )
