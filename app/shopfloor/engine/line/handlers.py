"""Every kind of job and its handler, and what workers load before their first job."""

from __future__ import annotations

from shopfloor.domain.job import JobKind
from shopfloor.engine.line import train_task
from shopfloor.engine.line.train_job import TrainHandler
from shopfloor.intake import task as intake_task
from shopfloor.intake.derived.job import DeriveHandler
from shopfloor.intake.job import IntakeHandler
from shopfloor.monitoring import tasks as monitoring_tasks
from shopfloor.monitoring.job import MonitorHandler
from shopfloor.runtime.handler import Handler
from shopfloor.runtime.worker_class import WorkerClass
from shopfloor.serving import tasks as serving_tasks
from shopfloor.serving.actuals_job import ActualsHandler
from shopfloor.serving.collect_job import CollectHandler
from shopfloor.serving.score_job import ScoreHandler

WARM_UPS = {
    WorkerClass.LIGHT: (intake_task.warm_up,),
    WorkerClass.HEAVY: (train_task.warm_up, serving_tasks.warm_up, monitoring_tasks.warm_up),
}


def handlers() -> dict[JobKind, Handler]:
    """The handlers by kind."""
    found: list[Handler] = [
        IntakeHandler(),
        DeriveHandler(),
        TrainHandler(),
        ScoreHandler(),
        ActualsHandler(),
        MonitorHandler(),
        CollectHandler(),
    ]
    return {handler.kind: handler for handler in found}
