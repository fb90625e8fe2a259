"""What every check of one run is told beside its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shopfloor.domain.definition import Monitoring
from shopfloor.domain.monitor import CheckResult


@dataclass(frozen=True)
class CheckContext:
    """What all checks of one run share. `moment` is the time the data is about and `begins` the
    first (None: after the reference); `data` names the rows, so that checking one delivery twice
    counts once."""

    model: str
    model_version: int | None
    settings: Monitoring
    at: datetime
    moment: datetime
    begins: datetime | None = None
    source: str = "data"
    data: str = ""
    history: Sequence[CheckResult] = field(default_factory=tuple)

    def earlier(self, check: str, feature: str | None) -> list[CheckResult]:
        """Earlier results of one check of this version on data from the same source. What other
        versions met is part of this one's reference, or too old to be its past."""
        return [
            result
            for result in self.history
            if result.check == check
            and result.feature == feature
            and result.model_version == self.model_version
            and result.at < self.at
            and result.evidence.get("source", "data") == self.source
        ]
