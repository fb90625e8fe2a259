"""The training job's work in a worker process; light, because the engine itself never imports pandas."""

from __future__ import annotations

from shopfloor.engine.line.train_records import TrainOutcome, TrainTask
from shopfloor.runtime.task import Progress


def train_model(task: TrainTask, progress: Progress) -> TrainOutcome:
    """The whole of a training job."""
    from shopfloor.engine.line.train_and_judge import train_and_judge

    return train_and_judge(task, progress)


def warm_up() -> None:
    """Load what a training needs."""
    import shopfloor.engine.line.train_and_judge  # noqa: F401
