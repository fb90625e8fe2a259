"""What the checks of a delivery say of its rows: measured wrongly, suspect, or trusted. Pure rules over results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from shopfloor.domain.monitor import CheckResult, CheckVerdict
from shopfloor.domain.trust import MONITORING, DeliveryTrust, Fault, Trust, TrustEvidence
from shopfloor.monitoring.check_history import LITTLE, is_break
from shopfloor.monitoring.records import (
    BREAKS,
    CONSTANT,
    FEATURE_DRIFT,
    LABELLED_SHARE,
    MISSING_SHARE,
    NEW_CLASS,
    PERFORMANCE,
    TARGET_DRIFT,
    UNIT_CHANGE,
    UNIT_IS_CERTAIN,
    VANISHED,
)

_INPUTS = (FEATURE_DRIFT, MISSING_SHARE)
_LABELS = (TARGET_DRIFT, LABELLED_SHARE)
_CLASSES = frozenset((NEW_CLASS, VANISHED))
_TRACES = {
    (FEATURE_DRIFT, CONSTANT): Fault.STUCK,
    (FEATURE_DRIFT, VANISHED): Fault.VANISHED,
    (MISSING_SHARE, MISSING_SHARE): Fault.LOST,
}
"""What measured wrongly, by check and measure."""


def evidence_of(results: Sequence[CheckResult]) -> tuple[TrustEvidence, ...]:
    """The results that speak against the rows of a delivery.

    Only breaks do: what moves by degrees is drift, which is to be learned. A fault of measurement has a trace of its
    own: another unit, one value in most rows, a kind of values or a column that is gone; labels and a score that break
    follow from it. Without one, labels that break are suspect unless an input that matters broke, too; classes that
    came or went always are. So is a score that breaks, or falls where an input broke, and numbers that may have got
    another unit, or grown: whether the inputs or the world changed so much is for a person to say. A column that a
    model does not use does it no harm, and of twice as many gaps it can learn.
    """
    of_rows = [one for one in results if one.evidence.get("source", "data") == "data"]
    shifted = [one for one in of_rows if one.verdict is CheckVerdict.SHIFTED and one.evidence.get("used", True)]
    measured = [(one, fault) for one in shifted if is_break(one) and (fault := _fault(one)) is not None]
    return tuple(_evidence(one, fault) for one, fault in measured or _suspects(shifted))


def _fault(result: CheckResult) -> Fault | None:
    """What measured the values wrongly."""
    if result.evidence.get(UNIT_IS_CERTAIN):
        return Fault.UNIT
    return next((_TRACES[trace] for measure in _breaks(result) if (trace := (result.check, measure)) in _TRACES), None)


def _breaks(result: CheckResult) -> Sequence[str]:
    """The measures that broke, whichever of them is the greatest."""
    return tuple(map(str, result.evidence.get(BREAKS, ())))


def _suspects(shifted: Sequence[CheckResult]) -> list[tuple[CheckResult, Fault]]:
    """Labels and scores that nothing in the measurement explains."""
    inputs = [one for one in shifted if one.check in _INPUTS and is_break(one)]
    excused = any(one.importance is None or one.importance >= LITTLE for one in inputs)
    found = []
    for one in shifted:
        if one.evidence.get(UNIT_CHANGE):
            found.append((one, Fault.SCALED))
        elif one.check in _LABELS and is_break(one) and not (excused and _CLASSES.isdisjoint(_breaks(one))):
            found.append((one, Fault.LABELS))
        elif one.check == PERFORMANCE and (is_break(one) or inputs):
            found.append((one, Fault.COLLAPSE))
    return found


def _evidence(result: CheckResult, fault: Fault) -> TrustEvidence:
    return TrustEvidence(
        model=result.model,
        model_version=result.model_version,
        check=result.check,
        feature=result.feature,
        fault=fault,
        value=result.value,
        limit=result.limit,
        message=result.message,
    )


def judged(
    verdict: DeliveryTrust, model: str, results: Sequence[CheckResult], alerts: Iterable[str], at: datetime
) -> DeliveryTrust:
    """The verdict once the checks of `model` have ended; a person's word stands, whatever is found."""
    pending = tuple(name for name in verdict.pending if name != model)
    found = evidence_of(results)
    names = (str(one.evidence["data"]) for one in results if one.evidence.get("source") == "data")
    verdict = replace(
        verdict,
        pending=pending,
        samples=_joined(verdict.samples, names),
        alerts=_joined(verdict.alerts, alerts),
        evidence=(*(one for one in verdict.evidence if one not in found), *found),
    )
    return verdict if verdict.decided_by != MONITORING else by_evidence(verdict, at)


def by_evidence(verdict: DeliveryTrust, at: datetime) -> DeliveryTrust:
    """What the evidence gives, where nobody has decided."""
    worst = max((one.fault.trust for one in verdict.evidence), key=lambda one: one.rank, default=Trust.TRUSTED)
    if worst is Trust.TRUSTED and verdict.pending:
        worst = Trust.UNKNOWN
    if (worst, verdict.decided_by) == (verdict.trust, MONITORING):
        return verdict
    return replace(verdict, trust=worst, decided_by=MONITORING, reason="", decided_at=at)


def _joined(known: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
