"""What the operating system refused to a face of the program, in words for people."""

from __future__ import annotations

from pathlib import Path

from shopfloor.domain.errors import ShopfloorError
from shopfloor.workspace.folders import REFUSALS, blame


def refusal(error: OSError) -> ShopfloorError | None:
    """The error for people; None where the machine is not to blame, and the program is."""
    return blame(error, Path.cwd()) if error.errno in REFUSALS else None
