"""Why a model was, or was not, trained again, and why its newest version was, or was not, released."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from shopfloor.domain.codec import convert
from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.event import Event
from shopfloor.domain.explanation import Explained
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.retraining import RetrainCondition
from shopfloor.domain.text import safe
from shopfloor.engine.why.data import trust_of
from shopfloor.engine.why.decision import of_version
from shopfloor.engine.why.evidence import StoredEvidence, brief
from shopfloor.engine.why.work import of_job
from shopfloor.store import datasets, events, jobs, models, runs
from shopfloor.workspace.schedule import next_time

_TICKS = "retrain."
"""The kinds of events that tell what the retraining policy decided."""
_SHOWN = 5
_SETTINGS = {
    "new_rows": "min_new_rows",
    "labelled_rows": "min_labelled_rows",
    "cooldown": "cooldown_minutes",
    "budget": "weekly_hours",
    "loop_guard": "loop_guard",
}
"""By the code of a condition: what of `[retrain]` sets it."""


@dataclass(frozen=True)
class TrainingHistory:
    """What the store knows of the training of one model; queried once each."""

    evidence: StoredEvidence
    definition: ModelDefinition

    @cached_property
    def newest(self) -> int:
        """The newest version of the dataset, 0 without one."""
        return datasets.current_version(self.evidence.query, self.definition.dataset)

    @cached_property
    def learned(self) -> int:
        """The newest version of the dataset that a training has learned from, 0 without one."""
        return runs.last_trained_version(self.evidence.query, self.definition.name)

    @cached_property
    def decisions(self) -> Sequence[Event]:
        """What the retraining policy decided of late, newest first."""
        return events.of_kind(self.evidence.query, self.definition.name, _TICKS, _SHOWN)

    @cached_property
    def open(self) -> JobRecord | None:
        """The training that waits or runs."""
        return jobs.open_of(self.evidence.query, JobKind.TRAIN, self.definition.name)

    @cached_property
    def last(self) -> JobRecord | None:
        """The training that ended last."""
        return jobs.last_ended(self.evidence.query, JobKind.TRAIN, self.definition.name)

    @property
    def failed(self) -> bool:
        """Whether the training that ended last learned nothing."""
        return self.last is not None and self.last.state is not JobState.SUCCEEDED


def model(evidence: StoredEvidence, definition: ModelDefinition) -> Explained:
    """In a sentence whether and why a training is under way or not; what holds it back and the newest decision, before
    the trainings that went before.
    """
    training = TrainingHistory(evidence, definition)
    holds = tuple(_obstacles(training))
    trained, answer = training.last, _answer(training, holds)
    versions = models.versions(evidence.query, definition.name, 1, 0).rows
    return Explained(
        kind="model",
        ref=f"model:{definition.name}",
        state=_state(training),
        message=answer,
        at=trained.finished_at if trained is not None else None,
        hint=""
        if definition.retired or not training.newest
        else f"Train it now: shopfloor model train {definition.name}",
        because=(
            *(hold for hold in holds if hold.hint or hold.value is not None or hold.message not in answer),
            *_schedule(training),
            *(trust_of(evidence, definition.dataset, training.newest) if training.learned < training.newest else ()),
            *(brief(of_version(evidence, version)) for version in versions),
            *((of_job(trained),) if trained is not None else ()),
            *_ticks(training),
        ),
    )


def _state(training: TrainingHistory) -> str:
    if training.open is not None:
        return training.open.state.value
    if training.failed:
        return "failed"
    return "untrained" if not training.learned else "current" if training.learned >= training.newest else "waiting"


def _answer(training: TrainingHistory, holds: tuple[Explained, ...]) -> str:
    name, dataset = training.definition.name, training.definition.dataset
    if training.open is not None:
        return f"{name} is being trained: {training.open.id} (trigger: {safe(training.open.trigger, 200)})."
    if _state(training) == "current" and not training.definition.retired:
        return f"{name} is up to date: its last training was on {dataset}@{training.learned}, the newest version."
    if holds:
        return f"{name} is not trained again: {holds[0].message}"
    return f"{name} waits for the next delivery to {dataset}."


def _obstacles(training: TrainingHistory) -> Iterator[Explained]:
    """What keeps a training from starting by itself: what is so now, and what the policy stored of its decisions."""
    definition, retrain = training.definition, training.definition.retrain
    file = f"models/{definition.name}.toml"
    if definition.retired:
        yield _policy("it is retired.", f"Set retired = false in {file}")
    if not training.newest:
        yield _policy(
            f"dataset {definition.dataset} has no rows yet.", f"shopfloor add FILE --dataset {definition.dataset}"
        )
        return
    if training.failed and training.last is not None:
        yield _policy(f"the last training, {training.last.id}, {training.last.state}.", "")
    if training.learned >= training.newest:
        yield _policy(f"its last training was on {definition.dataset}@{training.learned}, the newest version.", "")
    elif not retrain.on_data:
        yield _policy("new data starts no training (on_data = false).", f"Set on_data = true under [retrain] in {file}")
    yield from _conditions(training)
    if not retrain.on_alert:
        yield _policy("alerts start no training (on_alert = false).", "")


def _schedule(training: TrainingHistory) -> Iterator[Explained]:
    """When it is considered next by the clock."""
    schedule = training.definition.retrain.schedule
    if schedule and not training.definition.retired:
        time = next_time(schedule, training.evidence.now)
        yield Explained(kind="policy", ref="schedule", message="Its schedule considers a training next.", at=time)


def _conditions(training: TrainingHistory) -> Iterator[Explained]:
    """What did not hold when each trigger was considered last, since the newest version of the dataset came."""
    if training.learned >= training.newest:
        return
    considered = set()
    for event in training.decisions:
        trigger = event.data.get("trigger")
        if event.data.get("dataset_version") != training.newest or trigger in considered:
            continue
        considered.add(trigger)
        for one in event.data.get("conditions") or ():
            condition = convert(one, RetrainCondition)
            if not condition.passed:
                yield _unmet(training, condition, event.at)


def _unmet(training: TrainingHistory, condition: RetrainCondition, at: datetime) -> Explained:
    setting = _SETTINGS.get(condition.code)
    return Explained(
        kind="policy",
        ref=condition.code,
        message=f"{safe(condition.detail, 300)}.",
        value=condition.value,
        limit=condition.limit,
        at=at,
        hint=f"Change {setting} under [retrain] in models/{training.definition.name}.toml" if setting else "",
    )


def _policy(message: str, hint: str) -> Explained:
    return Explained(kind="policy", message=message, hint=hint)


def _ticks(training: TrainingHistory) -> tuple[Explained, ...]:
    """What the retraining policy decided of late, as it was stored."""
    return tuple(
        Explained(kind="policy", message=event.message, at=event.at, actor=event.actor) for event in training.decisions
    )
