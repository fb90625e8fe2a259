"""That DuckDB broke over a file, and whose fault it may be."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.text import safe
from shopfloor.formats.staged import StagedFile


class Restart(Exception):
    """DuckDB has to be started anew: because of `culprit`, or of one of `suspects` (file ids)."""

    def __init__(
        self,
        culprit: StagedFile | None = None,
        suspects: Sequence[str] = (),
        detail: str = "",
    ) -> None:
        super().__init__(detail)
        self.culprit = culprit
        self.suspects = tuple(suspects)
        self.detail = detail


def restart(files: Sequence[StagedFile], error: Exception) -> Restart:
    """The restart after an error that was raised over one or several files."""
    detail = safe(str(error).splitlines()[0], 160)
    if len(files) == 1:
        return Restart(culprit=files[0], detail=detail)
    return Restart(suspects=[file.id for file in files], detail=detail)
