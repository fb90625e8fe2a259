"""Where stored bytes lie: what the engine hands to a worker instead of the bytes."""

from __future__ import annotations

from datetime import datetime

from shopfloor.domain.record import Record


class PartFile(Record, frozen=True, kw_only=True):
    """A Parquet part on disk. Readers verify `sha256` before they use a row."""

    path: str
    sha256: str
    rows: int


class LossPart(Record, frozen=True, kw_only=True):
    """Losses of one model version, row by row; `version` is None while it has no number yet."""

    version: int | None
    part: PartFile


class ArtifactFile(Record, frozen=True, kw_only=True):
    """A signed model artifact directory on disk (`model.joblib`, `manifest.json`, `reference.json`)."""

    path: str
    sha256: str
    model: str
    version: int
    trained_until: datetime | None = None
