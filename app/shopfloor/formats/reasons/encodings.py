"""Why the bytes of a file are no text."""

from __future__ import annotations

from shopfloor.domain.file import Reason
from shopfloor.domain.text import safe
from shopfloor.formats.reasons.remedies import retried_with

_ENCODINGS = {"cp1252": "Windows-1252 (Latin-1), nor in UTF-8"}


def not_utf8(line: int | None, detail: str = "") -> Reason:
    where = f"Line {line} contains" if line else "The file contains"
    return Reason(
        code="not_utf8",
        message=f"{where} bytes that are not UTF-8 text{', ' if detail else ''}{detail}.",
        line=line,
        remedies=(retried_with("Deliver it as UTF-8, or name its encoding", "encoding", "windows-1252"),),
    )


def undecodable(line: int | None, encoding: str) -> Reason:
    where = f"Line {line} contains" if line else "The file contains"
    return Reason(
        code="encoding",
        message=f"{where} bytes that are not text in {_ENCODINGS.get(encoding, safe(encoding, 40))}.",
        line=line,
        remedies=(retried_with("Deliver it as UTF-8, or name another encoding", "encoding", "NAME"),),
    )


def nul_bytes(line: int, *, utf16: bool) -> Reason:
    return Reason(
        code="nul_bytes",
        message=f"Line {line} contains NUL bytes, so this is not a text file.",
        line=line,
        hint="" if utf16 else "This is often the end of an interrupted copy: export the file again.",
        remedies=(retried_with("It looks like UTF-16; to read it so", "encoding", "utf-16-le"),) if utf16 else (),
    )
