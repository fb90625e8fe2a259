"""How often the rule would have fired over past deliveries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shopfloor.domain.columns import Column
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.monitor import AlertRecord, AlertState, CheckResult, CheckVerdict
from shopfloor.domain.requests.alerts import BacktestDelivery, BacktestReport
from shopfloor.monitoring.alerts import fold
from shopfloor.monitoring.check_context import CheckContext
from shopfloor.monitoring.records import BacktestSpec, Delivery, Reference
from shopfloor.monitoring.run_checks import check_all
from shopfloor.monitoring.samples import delivered_rows, read_reference

Progress = Callable[[float, str], None]


def backtest(spec: BacktestSpec, progress: Progress) -> BacktestReport:
    """Replay the checks of rows and the alert rule over deliveries, oldest first.

    Each delivery is checked as if it had just arrived: with the deliveries before it as the past,
    and one reference for all. `fired` marks a delivery that opened an alert or was counted to one.
    """
    reference = read_reference(spec.reference_path)
    replay = Replay(spec.definition, spec.model_version, reference)
    for number, delivery in enumerate(spec.deliveries):
        progress(number / len(spec.deliveries), f"delivery {number + 1} of {len(spec.deliveries)}")
        replay.check(delivery, spec.columns)
    progress(1.0, "done")
    return replay.report()


@dataclass
class Replay:
    """The state between deliveries: results so far, the open alert, the tally."""

    definition: ModelDefinition
    model_version: int
    reference: Reference
    history: list[CheckResult] = field(default_factory=list)
    alerts: list[AlertRecord] = field(default_factory=list)
    deliveries: list[BacktestDelivery] = field(default_factory=list)
    opened: int = 0

    def check(self, delivery: Delivery, columns: tuple[Column, ...]) -> None:
        """Read one delivery and judge it."""
        name = str(delivery.dataset_version)
        rows = delivered_rows(delivery.parts, columns, self.reference, self.definition, delivery.at, name)
        context = CheckContext(
            definition=self.definition,
            model_version=self.model_version,
            reference=self.reference,
            at=delivery.at,
            history=self.history,
            rows=rows,
        )
        self.judge(delivery.dataset_version, len(rows), check_all(context))

    def judge(self, version: int, rows: int, results: list[CheckResult]) -> None:
        """Fold the results of one delivery into the alerts."""
        at = results[0].at if results else None
        fired = False
        if at is not None:
            changes = fold(self.alerts, results, self.history, self.definition, at)
            fired = bool(changes.opened or changes.updated)
            self.opened += len(changes.opened)
            held = [*changes.opened, *changes.updated] or ([] if changes.resolved else self.alerts)
            self.alerts = [alert for alert in held if alert.state is not AlertState.RESOLVED]
            self.history += results
        shifted = [result.feature or "" for result in results if result.verdict is CheckVerdict.SHIFTED]
        self.deliveries.append(
            BacktestDelivery(dataset_version=version, rows=rows, shifted=tuple(dict.fromkeys(shifted)), fired=fired)
        )

    def report(self) -> BacktestReport:
        """What was found."""
        return BacktestReport(
            model=self.definition.name,
            model_version=self.model_version,
            deliveries=tuple(self.deliveries),
            alerts=self.opened,
        )
