"""Refused requests: how many got no prediction because of what was sent."""

from __future__ import annotations

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, percent, significant
from shopfloor.domain.service import REST, RequestCounts, RequestFault
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.checks.service_errors import about, things
from shopfloor.monitoring.records import REFUSED_REQUESTS


class RefusedRequests:
    """What share of the requests since the last run was refused: a missing column, a wrong type, no JSON.

    A caller who sends what cannot be read is no failure of the model. It counts and opens no alert; fewer than
    `min_rows` requests are `UNKNOWN`.
    """

    name = REFUSED_REQUESTS

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result for requests; none where there were none. A file that is refused is held, and told by itself."""
        return [_counted(counts, context) for counts in context.asked if counts.source == REST and counts.requests]


def _counted(counts: RequestCounts, context: CheckContext) -> CheckResult:
    many, refused = counts.requests, counts.of(RequestFault.REFUSED)
    few = many < context.settings.min_rows
    told = f"{count(refused)} of {things(counts, many)} refused ({percent(refused / many)})"
    if few:
        told = f"Refused requests: inconclusive, {told}"
    first = next((one for one in counts.faults if one.fault is RequestFault.REFUSED), None)
    if first is not None:
        example = safe(first.message, 200).rstrip(".")
        told += f"; {counted(first.count, 'time', 'times')} {safe(first.code, 60)}: {example}"
    return context.result(
        REFUSED_REQUESTS,
        about(counts, context),
        CheckVerdict.UNKNOWN if few else CheckVerdict.OK,
        f"{told}.",
        rows=many,
        value=significant(refused / many),
        evidence={"refused": refused},
    )


CHECK = RefusedRequests()
