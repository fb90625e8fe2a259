"""Every kind of job and its handler."""

from __future__ import annotations

from shopfloor.domain.job import JobKind
from shopfloor.engine.handlers.actuals import ActualsHandler
from shopfloor.engine.handlers.collect import CollectHandler
from shopfloor.engine.handlers.intake import IntakeHandler
from shopfloor.engine.handlers.monitor import MonitorHandler
from shopfloor.engine.handlers.score import ScoreHandler
from shopfloor.engine.handlers.train import TrainHandler
from shopfloor.engine.jobs.handler import Handler


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
