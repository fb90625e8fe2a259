"""A check: one question about the newest rows, predictions or outcomes of a model version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shopfloor.domain.monitor import CheckResult
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.measurement import Measurement


class Check(Protocol):
    """A module of this package with a `CHECK` is run by itself; `name` is what alerts show.

    The answer depends on the context alone: no clock, no chance, no file. Too few rows are
    `UNKNOWN` with the reason, never `OK`. A check that tests a hypothesis answers with
    measurements, whose p-values are corrected together with those of all other checks of the
    same rows. What a result keeps in its evidence as `cause` (a sentence) and `actions` (the best first) an alert shows
    as its own.
    """

    name: str

    def run(self, context: CheckContext) -> Sequence[CheckResult | Measurement]:
        """One answer a question, always the same questions for the same reference; none when the
        context lacks what the check judges. A result that is `SHIFTED` has a sentence that says
        what changed, from what to what."""
        ...
