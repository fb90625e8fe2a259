"""The retraining policy: which occasion asks for what, and why a model is, or is not, trained on it.

Each decision is an event with its conditions (`retrain.train`, `retrain.ask`, `retrain.skip`). An occasion that the
definition does not want is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from shopfloor.domain.dataset import DatasetVersion
from shopfloor.domain.definition import ModelDefinition, Retrain, RetrainAction
from shopfloor.domain.job import CauseKind, JobCause, JobKind, JobRecord
from shopfloor.domain.monitor import AlertRecord
from shopfloor.domain.numbers import count, duration
from shopfloor.domain.retraining import RetrainCondition, RetrainOutcome, RetrainTrigger
from shopfloor.domain.text import counted
from shopfloor.lake.objects import part_path
from shopfloor.monitoring.records import OUTGROWN, PERFORMANCE
from shopfloor.store import alerts, datasets, jobs, models, runs, ticks
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.layout import Layout

_TRAIN_PRIORITY = 10
_WEEK = timedelta(days=7)
_COOLDOWN = "cooldown"
_OF_PERFORMANCE = (PERFORMANCE, OUTGROWN)


@dataclass(frozen=True)
class Occasion:
    """What may start a training on the dataset's newest version; `words` and `cause` go with the job.

    `restored` is a version that a rollback brought back, `news` what there is to mend: that waits for no number of
    rows, and for no trigger that the definition asks for.
    """

    trigger: RetrainTrigger
    words: str
    cause: JobCause | None = None
    restored: DatasetVersion | None = None
    news: str = ""


@dataclass(frozen=True)
class _Case:
    """One occasion of one model, and the version of the dataset that it was trained on last."""

    transaction: Transaction
    layout: Layout
    definition: ModelDefinition
    occasion: Occasion
    newest: int
    trained: int

    @property
    def rules(self) -> Retrain:
        return self.definition.retrain

    def rows_since(self) -> int:
        return datasets.new_rows_since(self.transaction, self.definition.dataset, self.trained)


_Condition = Callable[[_Case], RetrainCondition | None]
"""None where the definition does not ask for it."""


def _enough_news(case: _Case) -> RetrainCondition:
    """People roll back because later data was wrong: then it does not matter how many rows changed."""
    restored, news = case.occasion.restored, case.occasion.news
    if news:
        return RetrainCondition(code="new_rows", passed=True, value=1.0, limit=1.0, detail=news)
    if restored is not None:
        known = datasets.digest(case.transaction, case.definition.dataset, case.trained) == restored.digest
        return RetrainCondition(
            code="new_rows", passed=not known, value=float(not known), limit=1.0,
            detail="it has learned from just this content" if known else "a rollback brought other content back",
        )  # fmt: skip
    rows, least = case.rows_since(), case.rules.min_new_rows
    return _at_least("new_rows", rows, least, f"{counted(rows, 'new or changed row')} of at least {count(least)}")


def _newer(case: _Case) -> RetrainCondition:
    detail = f"{case.definition.dataset}@{case.newest} is there, and it was last trained on @{case.trained}"
    return _at_least("newer_data", case.newest, case.trained + 1, detail)


def _labelled(case: _Case) -> RetrainCondition | None:
    """Rows with a target among those that have come since; read from the footers of their parts."""
    least = case.rules.min_labelled_rows
    if least <= 0 or case.occasion.news or case.occasion.restored is not None:
        return None
    rows = _labelled_since(case)
    return _at_least("labelled_rows", rows, least, f"{counted(rows, 'new labelled row')} of at least {count(least)}")


def _labelled_since(case: _Case) -> int:
    found = case.transaction.all(
        "SELECT DISTINCT sha256 FROM dataset_parts WHERE dataset = ? AND added_version > ? AND removed_version IS NULL",
        [case.definition.dataset, case.trained],
    )
    paths = [str(part_path(case.layout.objects, row[0])) for row in found]
    if not paths:
        return 0
    row = case.transaction.one(
        "SELECT coalesce(sum(num_values - coalesce(stats_null_count, 0)), 0) FROM parquet_metadata(?) "
        "WHERE path_in_schema = ?",
        [paths, case.definition.target],
    )
    return int(row[0]) if row is not None else 0


def _cooled_down(case: _Case) -> RetrainCondition:
    since, limit = _cooled_for(case.transaction, case.definition, case.transaction.now)
    if since is None:
        return _at_least(_COOLDOWN, limit, limit, "it was never trained")
    return _at_least(
        _COOLDOWN, since, limit, f"the last training ended {duration(since)} ago, the cool-down is {duration(limit)}"
    )


def _cooled_for(query: Query, definition: ModelDefinition, now: datetime) -> tuple[float | None, float]:
    """Seconds since the last training ended, None before the first, and how many are asked for."""
    last = jobs.last_ended(query, JobKind.TRAIN, definition.name)
    ended = last.finished_at if last is not None else None
    return None if ended is None else (now - ended).total_seconds(), 60.0 * definition.retrain.cooldown_minutes


def _in_budget(case: _Case) -> RetrainCondition | None:
    hours = case.rules.weekly_hours
    if hours <= 0:
        return None
    spent = runs.seconds_since(case.transaction, case.definition.name, case.transaction.now - _WEEK) / 3600
    detail = f"{duration(3600 * spent)} of training in seven days, the budget is {duration(3600 * hours)}"
    return RetrainCondition(code="budget", passed=spent < hours, value=spent, limit=hours, detail=detail)


def _not_in_circles(case: _Case) -> RetrainCondition | None:
    """Trainings that such occasions started in a row, none of which brought a new champion."""
    most = case.rules.loop_guard
    if most <= 0:
        return None
    since = models.champion_since(case.transaction, case.definition.name)
    vain = jobs.trained_in_vain(case.transaction, case.definition.name, [str(each) for each in _IN_CIRCLES], since)
    detail = f"{counted(vain, 'such training')} in a row brought no new champion, at most {count(most)} may"
    return RetrainCondition(code="loop_guard", passed=vain < most, value=vain, limit=most, detail=detail)


def _at_least(code: str, value: float, limit: float, detail: str) -> RetrainCondition:
    return RetrainCondition(code=code, passed=value >= limit, value=value, limit=limit, detail=detail)


class _Policy(msgspec.Struct, frozen=True):
    """Whether a definition wants a trigger, and what must hold then."""

    wanted: Callable[[Retrain], bool]
    conditions: tuple[_Condition, ...]
    of_alerts: bool = False


_BY_DATA = (_enough_news, _labelled, _in_budget)
_BY_ITSELF = (_newer, _labelled, _cooled_down, _in_budget, _not_in_circles)

POLICIES: Mapping[RetrainTrigger, _Policy] = {
    RetrainTrigger.DATA: _Policy(lambda rules: rules.on_data, _BY_DATA),
    RetrainTrigger.CORRECTION: _Policy(lambda rules: rules.on_correction, _BY_DATA),
    RetrainTrigger.DRIFT: _Policy(lambda rules: rules.on_alert and rules.on_drift, _BY_ITSELF, of_alerts=True),
    RetrainTrigger.PERFORMANCE: _Policy(
        lambda rules: rules.on_alert and rules.on_performance, _BY_ITSELF, of_alerts=True
    ),
    RetrainTrigger.SCHEDULE: _Policy(lambda rules: bool(rules.schedule), (_newer, _labelled, _in_budget)),
    RetrainTrigger.STALENESS: _Policy(lambda rules: rules.stale_days > 0, _BY_ITSELF),
}
_OF_ALERTS = tuple(trigger for trigger, policy in POLICIES.items() if policy.of_alerts)
_IN_CIRCLES = tuple(trigger for trigger, policy in POLICIES.items() if _not_in_circles in policy.conditions)


def consider(
    transaction: Transaction, layout: Layout, definition: ModelDefinition, occasion: Occasion
) -> JobRecord | None:
    """Decide about one occasion, and tell it; the training that was queued, if one was."""
    policy = POLICIES[occasion.trigger]
    if definition.retired or not (occasion.news or policy.wanted(definition.retrain)):
        return None
    newest = datasets.current_version(transaction, definition.dataset)
    trained = runs.last_trained_version(transaction, definition.name)
    case = _Case(transaction, layout, definition, occasion, newest, trained)
    conditions = [found for condition in policy.conditions if (found := condition(case)) is not None]
    outcome = _outcome(definition, conditions)
    if policy.of_alerts and _only_too_soon(conditions):
        ticks.put(transaction, definition.name, occasion.trigger, transaction.now)  # a tick considers it again
    job = _queue(case) if outcome is RetrainOutcome.TRAIN else None
    transaction.emit(
        f"retrain.{outcome}",
        definition.name,
        _sentence(case, outcome, conditions),
        data={
            "trigger": occasion.trigger.value,
            "dataset_version": newest,
            "job": job.id if job is not None else None,
            "conditions": msgspec.to_builtins(conditions),
        },
    )
    return job


def consider_alert(
    transaction: Transaction, layout: Layout, definition: ModelDefinition, alert: AlertRecord
) -> JobRecord | None:
    """Whether an alert that a training mends starts one; it then says so. To learn a break would teach it."""
    if "retrain" not in alert.actions:
        return None
    occasion = Occasion(_trigger_of(alert), f"alert {alert.id}", JobCause(kind=CauseKind.ALERT, name=alert.id))
    job = consider(transaction, layout, definition, occasion)
    if job is not None:
        note = f"{alert.cause} A retraining was started ({job.id}).".strip()
        alerts.put(transaction, msgspec.structs.replace(alert, cause=note))
    return job


def waiting_for_cooldown(query: Query) -> dict[str, list[RetrainTrigger]]:
    """By model: what alerts could not start because the last training had only just ended."""
    found = ticks.waiting(query, _OF_ALERTS)
    return {model: [RetrainTrigger(trigger) for trigger in triggers] for model, triggers in found.items()}


def has_cooled_down(query: Query, definition: ModelDefinition, now: datetime) -> bool:
    """Whether the last training ended long enough ago."""
    since, limit = _cooled_for(query, definition, now)
    return since is None or since >= limit


def consider_again(
    transaction: Transaction, layout: Layout, definition: ModelDefinition, trigger: RetrainTrigger
) -> None:
    """What an alert could not start during the cool-down it may start now, if it is not resolved."""
    ticks.forget(transaction, definition.name, trigger)
    found = [one for one in alerts.unresolved(transaction, definition.name) if _trigger_of(one) is trigger]
    if found:
        consider_alert(transaction, layout, definition, found[-1])


def _trigger_of(alert: AlertRecord) -> RetrainTrigger:
    return RetrainTrigger.PERFORMANCE if alert.check in _OF_PERFORMANCE else RetrainTrigger.DRIFT


def _only_too_soon(conditions: list[RetrainCondition]) -> bool:
    return [condition.code for condition in conditions if not condition.passed] == [_COOLDOWN]


def _outcome(definition: ModelDefinition, conditions: list[RetrainCondition]) -> RetrainOutcome:
    if not all(condition.passed for condition in conditions):
        return RetrainOutcome.SKIP
    return RetrainOutcome.ASK if definition.retrain.action is RetrainAction.ASK else RetrainOutcome.TRAIN


def _queue(case: _Case) -> JobRecord:
    occasion, definition = case.occasion, case.definition
    payload = {"trigger": occasion.trigger.value}
    if definition.retrain.action is RetrainAction.TRAIN:
        payload["action"] = definition.retrain.action.value
    return train(case.transaction, definition, case.newest, trigger=occasion.words, cause=occasion.cause, more=payload)


def _sentence(case: _Case, outcome: RetrainOutcome, conditions: list[RetrainCondition]) -> str:
    name, why = case.definition.name, f"{case.occasion.trigger}: {case.occasion.words}"
    against = "; ".join(condition.detail for condition in conditions if not condition.passed)
    match outcome:
        case RetrainOutcome.SKIP:
            return f"{name} is not trained again ({why}): {against}"
        case RetrainOutcome.ASK:
            return f"{name} asks to be trained again ({why}): shopfloor model train {name}"
        case RetrainOutcome.TRAIN:
            then = ", for a person to promote" if case.definition.retrain.action is RetrainAction.TRAIN else ""
            return f"{name} is trained again ({why}){then}"


def train(
    transaction: Transaction,
    definition: ModelDefinition,
    version: int,
    *,
    trigger: str,
    cause: JobCause | None = None,
    more: Mapping[str, str] | None = None,
) -> JobRecord:
    """Queue a training; one that waits already takes the newer data along."""
    return jobs.enqueue(
        transaction,
        JobKind.TRAIN,
        definition.name,
        payload={"dataset_version": version, **(more or {})},
        trigger=trigger,
        causes=[cause] if cause is not None else [],
        unique_key=f"train:{definition.name}",
        priority=_TRAIN_PRIORITY,
    )
