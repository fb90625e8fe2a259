"""What the operating system refused to a face of the program, in words for people."""

from __future__ import annotations

import os
from pathlib import Path

from shopfloor.domain.errors import RefusedError, ShopfloorError
from shopfloor.domain.text import safe
from shopfloor.workspace.accounts import own_name
from shopfloor.workspace.folders import FOLDER, REFUSALS, blame


def refusal(error: OSError) -> ShopfloorError | None:
    """The error for people; None where the machine is not to blame, and the program is."""
    if error.errno not in REFUSALS:
        return None
    if isinstance(error, PermissionError) and isinstance(error.filename, str) and not _is_own(Path(error.filename)):
        return RefusedError(
            f"{own_name()} may not use {safe(error.filename, 200)}.",
            hint="Look at its rights and those of the folders above it: ls -ld",
            code=FOLDER,
        )
    return blame(error, Path.cwd())


def _is_own(path: Path) -> bool:
    """Whether it lies in a folder of this user's, who can open it: nobody is told to take away what is another's."""
    try:
        return os.lstat(path.parent).st_uid == os.geteuid()
    except OSError:
        return False
