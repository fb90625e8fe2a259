"""Who is to blame for an error that nobody expected."""

from __future__ import annotations

from pathlib import Path

from shopfloor.duck.refusal import refused
from shopfloor.workspace.folders import blame


def blamed(error: Exception, root: Path) -> Exception:
    """What the system refused, by way of DuckDB or not, in words for people; any other error as it is.

    root: the workspace.
    """
    found = error if isinstance(error, OSError) else refused(error)
    return error if found is None else blame(found, root)
