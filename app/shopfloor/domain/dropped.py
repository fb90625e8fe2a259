"""Names in a drop folder: which are never data. Who delivers and who takes in must agree."""

from __future__ import annotations

import re

from shopfloor.domain.file_formats import endings

_TEMPORARY = (
    ".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~", ".lock", ".inprogress",
    ".processing",
)  # fmt: skip
# rsync writes `.name.XXXXXX` (hidden anyway) or, with --temp-dir, `name.csv.XXXXXX`.
_RSYNC = re.compile(rf"(?:{'|'.join(map(re.escape, endings()))})\.[A-Za-z0-9]{{6}}$")


def ignored(name: str) -> bool:
    """True for names that are never data: hidden, `_`-prefixed, or of a transfer in progress."""
    if name.startswith((".", "_")):
        return True
    lowered = name.lower()
    return lowered.endswith(_TEMPORARY) or (name[-7:-6] == "." and _RSYNC.search(name) is not None)
