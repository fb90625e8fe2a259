"""Service errors: the share of requests that fail, against the share that failed before."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import special

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.numbers import count, percent, significant
from shopfloor.domain.service import BATCH, FaultCount, RequestCounts, RequestFault
from shopfloor.domain.text import counted, safe
from shopfloor.monitoring.check_context import CheckContext, Sample
from shopfloor.monitoring.records import SERVICE_ERRORS
from shopfloor.monitoring.thresholds import prediction_limit

_MORE = 0.01
"""So many more than usual are felt: one request in a hundred."""
_CERTAIN = 0.001
_FEWEST, _FEWEST_FAILED = 10, 3
_LOOKS, _KEPT = 3, 24
_MOST = 0.5
"""From this share on most callers get no answer."""


class ServiceErrors:
    """Whether more requests fail than used to: the model or the service raises an error, or cannot be reached.

    `value` is the share of failed requests since the last run that could tell, `limit` what it may be: a hundredth more
    than failed in earlier runs (of any version), or more where their shares vary more. `SHIFTED` needs more failures
    than a binomial test allows at that limit; at once where chance brings them once in a thousand runs. Fewer than ten
    requests are `UNKNOWN`, unless three of them fail beyond doubt, and are counted again with those that follow.
    Files to score are counted by themselves. What was refused, for its input, failed nobody: `refused_requests`.
    """

    name = SERVICE_ERRORS

    def run(self, context: CheckContext) -> list[CheckResult]:
        """One result for requests, one for files; none where there were none."""
        return [_judged(counts, context) for counts in context.asked if counts.requests]


def about(counts: RequestCounts, context: CheckContext) -> Sample:
    """The requests as a sample."""
    return Sample(source=counts.source, data=f"{counts.source} until {counts.until}", moment=context.at)


def things(counts: RequestCounts, number: int) -> str:
    """So many of what was counted, in words."""
    return counted(number, "batch file" if counts.source == BATCH else "request")


def _judged(counts: RequestCounts, context: CheckContext) -> CheckResult:
    many, failed = counts.requests, counts.of(RequestFault.FAILED)
    past = _past(counts.source, context)
    limit = _limit(past)
    p_value = float(special.bdtrc(failed - 1, many, limit)) if failed else 1.0
    certain = failed >= _FEWEST_FAILED and p_value <= _CERTAIN
    shifted = certain or p_value <= context.settings.false_discovery_rate
    verdict = CheckVerdict.SHIFTED if shifted else CheckVerdict.OK
    if many < _FEWEST and not certain:
        verdict = CheckVerdict.UNKNOWN
    faults = [one for one in counts.faults if one.fault is RequestFault.FAILED]
    return context.result(
        SERVICE_ERRORS,
        about(counts, context),
        verdict,
        _message(verdict, counts, failed, limit, faults),
        rows=many,
        value=significant(failed / many),
        limit=significant(limit),
        p_value=p_value,
        is_break=certain,
        evidence={
            "failed": failed,
            "after": counts.after,
            "until": counts.until,
            "critical": verdict is CheckVerdict.SHIFTED and failed >= _MOST * many,
            "false_alarms": context.settings.false_discovery_rate,
            "cause": _cause(faults),
            "actions": ["rollback", "ack", "snooze"],
        },
    )


def _past(source: str, context: CheckContext) -> list[CheckResult]:
    """The newest earlier runs that were in order."""
    found = [
        one
        for one in context.history
        if one.check == SERVICE_ERRORS
        and one.evidence["source"] == source
        and one.verdict is CheckVerdict.OK
        and one.at < context.at
    ]
    return sorted(found, key=lambda one: one.at)[-_KEPT:]


def _limit(past: Sequence[CheckResult]) -> float:
    many = sum(one.rows for one in past)
    usual = sum(int(one.evidence["failed"]) for one in past) / many if many else 0.0
    reach = prediction_limit([one.value or 0.0 for one in past]) if len(past) >= _LOOKS else 0.0
    return min(max(usual + _MORE, reach), 1.0)


def _message(
    verdict: CheckVerdict, counts: RequestCounts, failed: int, limit: float, faults: Sequence[FaultCount]
) -> str:
    many = counts.requests
    if verdict is CheckVerdict.UNKNOWN:
        told = f"{count(failed)} of {things(counts, many)} failed"
        return f"Service errors: inconclusive, {told}; at least {_FEWEST} are needed."
    if verdict is CheckVerdict.OK:
        return f"{count(failed)} of {things(counts, many)} failed (limit {percent(limit)})."
    first = min(one.first_at for one in faults)
    return (
        f"{count(failed)} of {things(counts, many)} failed ({percent(failed / many)}, limit {percent(limit)}), "
        f"the first at {first:%Y-%m-%d %H:%M} UTC. {_example(faults[0])}"
    )


def _example(fault: FaultCount) -> str:
    return f"{count(fault.count)} with {safe(fault.code, 60)}: {safe(fault.message, 200).rstrip('.')}."


def _cause(faults: Sequence[FaultCount]) -> str:
    if not faults:
        return ""
    return (
        f"The model or the service fails, not what callers send: {safe(faults[0].message, 200).rstrip('.')}. Roll back "
        "to the version before if that answered, and see the log of the server."
    )


CHECK = ServiceErrors()
