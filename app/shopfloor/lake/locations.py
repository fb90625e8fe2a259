"""Where parts and artifacts lie, for workers and readers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shopfloor.domain.dataset import Part
from shopfloor.domain.handles import ArtifactFile, PartFile
from shopfloor.lake.objects import part_path
from shopfloor.workspace.layout import Layout


def part_files(layout: Layout, parts: Iterable[Part]) -> tuple[PartFile, ...]:
    """Parts with their paths."""
    return tuple(
        PartFile(path=str(part_path(layout.objects, part.sha256)), sha256=part.sha256, rows=part.rows) for part in parts
    )


def artifact_file(
    layout: Layout, model: str, version: int, sha256: str, trained_until: datetime | None = None
) -> ArtifactFile:
    """An artifact with its path."""
    path = layout.objects / "artifacts" / sha256[:2] / sha256
    return ArtifactFile(path=str(path), sha256=sha256, model=model, version=version, trained_until=trained_until)
