"""Latency: how long requests take to be answered, against what they took before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import duration, significant
from shopfloor.domain.text import counted
from shopfloor.monitoring.check_context import CheckContext, ServedRequests
from shopfloor.monitoring.records import LATENCY
from shopfloor.monitoring.thresholds import prediction_limit

_TAIL = 0.99
_TIMES = 2.0
"""A 99th percentile that has become twice the usual one is felt; less is a matter of the hour."""
_LOOKS = 3
"""So many earlier looks say what is usual, and how much that varies."""
_KEPT = 24
_CAUSE = (
    "The server is busier, the model is larger, or its code waits for something: compare the version before, and "
    "request_seconds of /metrics."
)


class Latency:
    """Whether the slowest hundredth of the requests takes longer than it used to.

    `value` is the 99th percentile in seconds, `limit` twice the median of that of the earlier looks (of any version:
    a new one that is slower is news), or more where these vary more. `SHIFTED` needs that and evidence: more requests
    beyond the limit than one in a hundred (binomial test). At once where the median is beyond its own limit, too.
    `UNKNOWN` for few requests, and before three looks. Requests that failed are in no such log: `service_errors`.
    """

    name = LATENCY

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result; none where the log has no requests since the last run."""
        requests = context.requests
        return [] if requests is None else [_judged(requests, context)]


def _judged(requests: ServedRequests, context: CheckContext) -> CheckResult:
    many, few = len(requests), context.too_few(len(requests))
    if few:
        return context.result(LATENCY, requests, CheckVerdict.UNKNOWN, f"Latency: inconclusive, {few}.", rows=many)
    past = _past(context)
    value, median = float(np.quantile(requests.seconds, _TAIL)), float(np.median(requests.seconds))
    limit = _limit([float(one.value or 0.0) for one in past]) if len(past) >= _LOOKS else None
    beyond = 0 if limit is None else int((requests.seconds > limit).sum())
    p_value = float(special.bdtrc(beyond - 1, many, 1 - _TAIL)) if beyond else 1.0
    slower = limit is not None and value > limit and p_value <= context.settings.false_discovery_rate
    verdict = CheckVerdict.UNKNOWN if limit is None else CheckVerdict.SHIFTED if slower else CheckVerdict.OK
    return context.result(
        LATENCY,
        requests,
        verdict,
        _message(verdict, many, (median, value), limit, len(past)),
        rows=many,
        value=significant(value),
        limit=None if limit is None else significant(limit),
        p_value=None if limit is None else p_value,
        is_break=slower and median > _limit([float(one.evidence.get("median", 0.0)) for one in past]),
        evidence={
            "median": significant(median),
            "beyond": beyond,
            "looks": len(past),
            "false_alarms": context.settings.false_discovery_rate,
            "cause": _CAUSE,
            "actions": ["ack", "rollback", "snooze"],
        },
    )


def _limit(past: Sequence[float]) -> float:
    return max(_TIMES * float(np.median(past)), prediction_limit(past))


def _message(verdict: CheckVerdict, many: int, found: tuple[float, float], limit: float | None, looks: int) -> str:
    shown = f"{duration(found[0])} at the median, {duration(found[1])} at the 99th percentile of "
    shown += counted(many, "request")
    if limit is None:
        known = counted(looks, "earlier look")
        return f"Latency: inconclusive, {known} of at least {_LOOKS} that say what is usual; now {shown}."
    how = "more slowly than before" if verdict is CheckVerdict.SHIFTED else "as fast as before"
    return f"Requests are answered {how}: {shown} (limit {duration(limit)})."


def _past(context: CheckContext) -> list[CheckResult]:
    """The newest earlier looks that were in order, or told what is usual."""
    found = [
        one
        for one in context.history
        if one.check == LATENCY
        and one.value is not None
        and one.verdict is not CheckVerdict.SHIFTED
        and one.at < context.at
    ]
    return sorted(found, key=lambda one: one.at)[-_KEPT:]


CHECK = Latency()
