"""How often the rule would have fired over past deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from shopfloor.domain.codec import to_plain
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import AlertRecord, CheckResult, CheckVerdict
from shopfloor.domain.requests.alerts import BacktestDelivery, BacktestReport
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.check_context import CheckContext, InputRows
from shopfloor.monitoring.delivered import data_name, delivered_rows
from shopfloor.monitoring.records import PERFORMANCE, BacktestSpec, Delivery, Reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.monitoring.samples import read_reference

Progress = Callable[[float, str], None]


def backtest(spec: BacktestSpec, progress: Progress) -> BacktestReport:
    """Replay the checks of rows and the alert rule over deliveries, oldest first.

    Each delivery is checked as if it had just arrived: with the deliveries before it as the past,
    and one reference for all. `fired` marks a delivery that opened an alert or was counted to one. Another rule is
    replayed over the same rows, which are read once.
    """
    reference = read_reference(spec.reference_path)
    rules = [spec.definition, *([spec.other] if spec.other is not None else [])]
    replays = [Replay(definition, spec.model_version, reference) for definition in rules]
    scores = _by_data(spec.performance)
    for number, delivery in enumerate(spec.deliveries):
        progress(number / len(spec.deliveries), f"delivery {number + 1} of {len(spec.deliveries)}")
        name = str(delivery.dataset_version)
        rows = delivered_rows(delivery.parts, spec.columns, reference, spec.definition, delivery.at, name)
        for replay in replays:
            replay.check(delivery, rows, scores.get(data_name(delivery.parts)))
    progress(1.0, "done")
    own, *others = [replay.report() for replay in replays]
    return msgspec.structs.replace(own, other=others[0] if others else None)


def _by_data(performance: Sequence[CheckResult]) -> dict[str, CheckResult]:
    """The newest result of each delivery that could tell."""
    known = [one for one in performance if one.check == PERFORMANCE and one.verdict is not CheckVerdict.UNKNOWN]
    return {str(one.evidence.get("data")): one for one in sorted(known, key=lambda one: one.at)}


@dataclass
class Replay:
    """The state between deliveries: results so far, the open alerts, the tally."""

    definition: ModelDefinition
    model_version: int
    reference: Reference
    history: list[CheckResult] = field(default_factory=list)
    alerts: dict[str, AlertRecord] = field(default_factory=dict)
    deliveries: list[BacktestDelivery] = field(default_factory=list)
    opened: int = 0

    def check(self, delivery: Delivery, rows: InputRows, performance: CheckResult | None) -> None:
        """Judge one delivery; `performance` is what was measured on it."""
        context = CheckContext(
            definition=self.definition,
            model_version=self.model_version,
            reference=self.reference,
            at=delivery.at,
            history=self.history,
            rows=rows,
        )
        self.judge(delivery.dataset_version, len(rows), check_all(context), performance)

    def judge(
        self, version: int, rows: int, results: list[CheckResult], performance: CheckResult | None = None
    ) -> None:
        """Fold the results of one delivery into the alerts."""
        at = results[0].at if results else None
        fired = False
        if at is not None:
            changes = fold(list(self.alerts.values()), results, self.history, self.definition, at)
            fired = bool(changes.opened or changes.updated)
            for alert in changes.opened:
                self.opened += 1
                self.alerts[str(self.opened)] = msgspec.structs.replace(alert, id=str(self.opened))
            self.alerts |= {alert.id: alert for alert in changes.updated}
            for alert in changes.resolved:
                del self.alerts[alert.id]
            self.history += results
        shifted = [result.feature or "" for result in results if result.verdict is CheckVerdict.SHIFTED]
        self.deliveries.append(
            BacktestDelivery(
                dataset_version=version,
                rows=rows,
                shifted=tuple(dict.fromkeys(shifted)),
                fired=fired,
                performance=performance.value if performance is not None else None,
                fell=performance.verdict is CheckVerdict.SHIFTED if performance is not None else None,
            )
        )

    def report(self) -> BacktestReport:
        """What was found."""
        each = self.deliveries
        after = [_fell(one.fell, following) for one, following in zip(each, _next(each), strict=True) if one.fired]
        known = [fell for fell in after if fell is not None]
        before = [None, *each]
        return BacktestReport(
            model=self.definition.name,
            model_version=self.model_version,
            deliveries=tuple(each),
            alerts=self.opened,
            rule=to_plain(self.definition.monitoring),
            fired=len(after),
            measured=len(known),
            fell=sum(known),
            missed=sum(
                bool(one.fell) and not one.fired and not (earlier is not None and earlier.fired)
                for earlier, one in zip(before, each, strict=False)
            ),
        )


def _next(deliveries: Sequence[BacktestDelivery]) -> list[bool | None]:
    """Whether performance fell in the delivery after each."""
    return [*(one.fell for one in deliveries[1:]), None][: len(deliveries)]


def _fell(now: bool | None, following: bool | None) -> bool | None:
    """Whether it fell in one of two deliveries; None when neither was measured."""
    return None if now is None and following is None else bool(now) or bool(following)
