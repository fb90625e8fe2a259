"""Every kind of job and its handler."""

from __future__ import annotations

from shopfloor.domain.job import JobKind
from shopfloor.engine.line.train_job import TrainHandler
from shopfloor.intake.job import IntakeHandler
from shopfloor.monitoring.job import MonitorHandler
from shopfloor.runtime.handler import Handler
from shopfloor.serving.actuals_job import ActualsHandler
from shopfloor.serving.collect_job import CollectHandler
from shopfloor.serving.score_job import ScoreHandler


def handlers() -> dict[JobKind, Handler]:
    """The handlers by kind."""
    found: list[Handler] = [
        IntakeHandler(),
        TrainHandler(),
        ScoreHandler(),
        ActualsHandler(),
        MonitorHandler(),
        CollectHandler(),
    ]
    return {handler.kind: handler for handler in found}
