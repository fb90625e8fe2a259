"""Which workspace is meant."""

from __future__ import annotations

from pathlib import Path

from shopfloor.domain.errors import NotFoundError


def find_workspace(start: Path | None = None) -> Path:
    """The workspace at or above `start` (the current directory); raises `NotFoundError`."""
    origin = (start or Path.cwd()).resolve()
    for directory in (origin, *origin.parents):
        if (directory / "workspace.toml").is_file():
            return directory
    raise NotFoundError(
        f"There is no workspace at {origin} or above.",
        hint="Create one: shopfloor init DIR. Or see the demo: shopfloor demo",
        code="workspace_not_found",
    )
