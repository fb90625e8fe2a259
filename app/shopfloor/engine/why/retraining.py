"""Why a model was, or was not, trained again, and why its newest version was, or was not, released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.explanation import Explained
from shopfloor.domain.job import JobKind, JobRecord, JobState
from shopfloor.domain.text import counted, safe
from shopfloor.engine.why.data import trust_of
from shopfloor.engine.why.decision import of_version
from shopfloor.engine.why.evidence import StoredEvidence, brief
from shopfloor.engine.why.work import of_job
from shopfloor.store import datasets, events, jobs, models, runs

_TICKS = "retrain."
"""The kinds of events that tell what the retraining policy decided."""
_SHOWN = 5


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
    def new_rows(self) -> int:
        """How many rows have come since."""
        return datasets.new_rows_since(self.evidence.query, self.definition.dataset, self.learned)

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
    return f"{name} waits for the next delivery to {dataset} that changes at least {_needed(training)}."


def _needed(training: TrainingHistory) -> str:
    return counted(training.definition.retrain.min_new_rows, "row")


def _obstacles(training: TrainingHistory) -> Iterator[Explained]:
    """What keeps a training from starting by itself, in the order in which the line asks."""
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
    elif training.new_rows < retrain.min_new_rows:
        yield Explained(
            kind="policy",
            ref="min_new_rows",
            message=f"{counted(training.new_rows, 'row is', 'rows are')} new or changed of {_needed(training)} needed.",
            value=training.new_rows,
            limit=retrain.min_new_rows,
            hint=f"Lower min_new_rows under [retrain] in {file}",
        )
    yield from _alerts(training)


def _alerts(training: TrainingHistory) -> Iterator[Explained]:
    """What keeps an alert from starting one."""
    retrain, last = training.definition.retrain, training.last
    if not retrain.on_alert:
        yield _policy("alerts start no training (on_alert = false).", "")
    elif last is not None and last.finished_at is not None:
        until = last.finished_at + timedelta(minutes=retrain.cooldown_minutes)
        if until > training.evidence.now:
            yield Explained(
                kind="policy",
                ref="cooldown_minutes",
                message="alerts start no training before the cool-down ends.",
                at=until,
            )


def _policy(message: str, hint: str) -> Explained:
    return Explained(kind="policy", message=message, hint=hint)


def _ticks(training: TrainingHistory) -> tuple[Explained, ...]:
    """What the retraining policy decided of late, as it was stored."""
    found = events.of_kind(training.evidence.query, training.definition.name, _TICKS, _SHOWN)
    return tuple(Explained(kind="policy", message=event.message, at=event.at, actor=event.actor) for event in found)
