"""Humility: how many predictions the model was not trusted with."""

from __future__ import annotations

from collections.abc import Sequence

from shopfloor.domain.codec import to_plain
from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.records import HUMILITY


class HumilityCheck:
    """What `[humility]` noted, overrode and refused among the predictions since the last look.

    `value` is the share of rows. It counts and opens no alert: what moved the inputs there, the other checks find.
    """

    name = HUMILITY

    def run(self, context: CheckContext) -> Sequence[CheckResult]:
        """One result; nothing without a rule, or without predictions."""
        stored = context.predictions
        if context.definition.humility is None or stored is None or not len(stored):
            return []
        counts = stored.humility
        share = counts.rows / len(stored)
        told = (
            f"The model was not trusted with {counts.told(len(stored))}." if counts.rows else "All predictions stand."
        )
        return [
            context.result(
                HUMILITY,
                stored,
                CheckVerdict.OK,
                told,
                rows=len(stored),
                value=share,
                evidence={"not_trusted": to_plain(counts)},
            )
        ]


CHECK = HumilityCheck()
