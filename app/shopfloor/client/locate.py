"""Which workspace is meant."""

from __future__ import annotations

from pathlib import Path

from shopfloor.domain.errors import NotFoundError, RefusedError
from shopfloor.domain.text import safe


def find_workspace(start: Path | None = None) -> Path:
    """The workspace at or above `start` (the current directory); raises `NotFoundError`."""
    origin = (start or Path.cwd()).resolve()
    for directory in (origin, *origin.parents):
        try:
            found = (directory / "workspace.toml").is_file()
        except PermissionError:
            raise RefusedError(
                f"You may not enter {safe(directory, 200)}.",
                hint="Ask its owner. A workspace is shared with a group: shopfloor config set team.group GROUP",
                code="not_a_member",
            ) from None
        if found:
            return directory
    raise NotFoundError(
        f"There is no workspace at {origin} or above.",
        hint="Create one: shopfloor init DIR. Or see the demo: shopfloor demo",
        code="workspace_not_found",
    )
