"""Parts of another user's workspace: its engine sends their bytes, and they are kept while this process lives."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from shopfloor.client.connection import EngineClient
from shopfloor.client.handover import is_foreign
from shopfloor.domain.handed import part_url
from shopfloor.domain.handles import PartFile


def readable(client: EngineClient, parts: tuple[PartFile, ...]) -> list[PartFile]:
    """The parts where this process may read them. Nothing is checked here: who uses rows checks the digest."""
    if not is_foreign(client.workspace):
        return [msgspec.structs.replace(part, path=str(client.workspace / part.path)) for part in parts]
    return [msgspec.structs.replace(part, path=str(_copied(client, part.sha256))) for part in parts]


def _copied(client: EngineClient, sha256: str) -> Path:
    copy = Path(_folder().name) / f"{sha256}.parquet"
    if not copy.exists():
        partial = copy.with_suffix(".part")
        client.exchange("GET", part_url(sha256), target=partial)
        partial.replace(copy)
    return copy


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="shopfloor-parts-")
