"""Which cause has what fires: that of an open alert, or one of its own. Pure and light."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shopfloor.domain.monitor import AlertRecord, CheckResult
from shopfloor.monitoring.alert_text import CHECKS, CONSEQUENCES, FOLLOWING
from shopfloor.monitoring.check_history import CheckHistory, CheckKey, is_break, key_of
from shopfloor.monitoring.records import FAIRNESS, LATENCY, VALUE

_FOLLOWING = (*CONSEQUENCES, *FOLLOWING)
_EXPLAIN_NOTHING = (FAIRNESS, LATENCY, VALUE)
"""Checks of what comes of a model: none of them moves its inputs, its answers or its score."""


@dataclass(frozen=True)
class Causes:
    """What fires now, by its cause: `joining` has by the id of an open alert what it has come to be about, now too,
    `apart` is what no open alert explains.
    """

    apart: tuple[CheckResult, ...]
    joining: Mapping[str, tuple[CheckResult, ...]]

    @staticmethod
    def of(incidents: Sequence[AlertRecord], known: CheckHistory) -> Causes:
        """Divide what fires among open alerts.

        An alert takes what fires about its own check or features. While it is seen again it also takes what had begun
        to shift when it opened and is no break, and what follows from inputs that moved (a fall of the score,
        predictions that shifted, often or not). All else has a cause of its own, and takes what follows in that run.
        """
        joining = {one.id: list(known.shifted_again(members_of(one))) for one in incidents}
        active = [one for one in incidents if joining[one.id]]
        members = {key for one in incidents for key in members_of(one)}
        apart: list[CheckResult] = []
        for result in known.firing():
            if key_of(result) not in members:
                home = _home(result, incidents, active, known)
                (apart if home is None else joining[home.id]).append(result)
        following = [one for one in apart if one.check in _FOLLOWING]
        joined = {key_of(one) for results in joining.values() for one in results}
        loose = [one for one in known.shifted(*CONSEQUENCES) if key_of(one) not in members | joined]
        explaining = next((one for one in incidents if _explains(joining[one.id])), None)
        if explaining is not None and not _explains(one for one in apart if one not in following):
            joining[explaining.id] += [*following, *loose]
            apart = [one for one in apart if one not in following]
        elif _explains(apart):
            apart += loose
        return Causes(_united(apart), {id: _united(results) for id, results in joining.items()})


def members_of(alert: AlertRecord) -> list[CheckKey]:
    """The checks that an alert is about."""
    found = alert.evidence.get(CHECKS, [])
    return [(str(one[0]), str(one[1]), str(one[2])) for one in found if isinstance(one, list | tuple) and len(one) == 3]


def _home(
    result: CheckResult, incidents: Sequence[AlertRecord], active: Sequence[AlertRecord], known: CheckHistory
) -> AlertRecord | None:
    about = next((one for one in incidents if _is_about(one, result)), None)
    if about is not None or is_break(result) or result.check in _FOLLOWING:
        return about
    began = known.began(key_of(result))
    return next((one for one in active if began <= one.opened_at), None)


def _is_about(alert: AlertRecord, result: CheckResult) -> bool:
    if not result.feature:
        return alert.feature is None and alert.check == result.check
    told = (str(one["feature"]) for one in alert.evidence.get("features", ()))
    return result.feature in {*told, *(key[1] for key in members_of(alert))}


def _explains(results: Iterable[CheckResult]) -> bool:
    return any(result.check not in _EXPLAIN_NOTHING for result in results)


def _united(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    return tuple({key_of(result): result for result in results}.values())
