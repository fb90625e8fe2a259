"""What starts a training by the clock: schedules, champions that grow old, cool-downs that end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.retraining import RetrainTrigger
from shopfloor.engine.line.retraining import Occasion, consider, consider_again, has_cooled_down, waiting_for_cooldown
from shopfloor.runtime.context import Context
from shopfloor.store import models, ticks
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.schedule import next_time

_DAY = timedelta(days=1)

Held = Mapping[str, Sequence[RetrainTrigger]]
"""By model: the triggers that wait for the cool-down."""


def tick(context: Context) -> None:
    """Consider every model whose time has come. Times that passed while no engine ran count as one."""
    held = context.store.read(waiting_for_cooldown)
    waiting = [one for one in context.all_models() if not one.retired and (one.name in held or _by_the_clock(one))]
    if not waiting:
        return
    now = context.clock.now()
    due = context.store.read(
        lambda query: [one for one in waiting if _due(query, one, now) or _cooled_down(query, one, held, now)]
    )

    def change(transaction: Transaction) -> None:
        held = waiting_for_cooldown(transaction)
        for definition in due:
            for occasion in _due(transaction, definition, transaction.now):
                ticks.put(transaction, definition.name, occasion.trigger, transaction.now)
                if occasion.words:
                    consider(transaction, context.layout, definition, occasion)
            for trigger in _cooled_down(transaction, definition, held, transaction.now):
                consider_again(transaction, context.layout, definition, trigger)

    if due:
        context.store.write(change)


def _by_the_clock(definition: ModelDefinition) -> bool:
    return bool(definition.retrain.schedule) or definition.retrain.stale_days > 0


def _cooled_down(query: Query, definition: ModelDefinition, held: Held, now: datetime) -> Sequence[RetrainTrigger]:
    """What waited for the cool-down to end, where it has."""
    triggers = held.get(definition.name, ())
    return triggers if triggers and has_cooled_down(query, definition, now) else ()


def _due(query: Query, definition: ModelDefinition, now: datetime) -> list[Occasion]:
    """What is to be considered now. A schedule that is new begins now: its occasion has no words."""
    found = []
    rules = definition.retrain
    if rules.schedule:
        last = ticks.last(query, definition.name, RetrainTrigger.SCHEDULE)
        if last is None:
            found.append(Occasion(RetrainTrigger.SCHEDULE, ""))
        elif (time := next_time(rules.schedule, last, rules.timezone)) <= now:
            shown = time.astimezone(ZoneInfo(rules.timezone))
            found.append(Occasion(RetrainTrigger.SCHEDULE, f"scheduled for {shown:%Y-%m-%d %H:%M} {rules.timezone}"))
    if rules.stale_days > 0:
        last = ticks.last(query, definition.name, RetrainTrigger.STALENESS)
        age = _age(query, definition.name, now)
        if age is not None and age.days >= rules.stale_days and (last is None or now - last >= _DAY):
            words = f"its champion is {age.days} days old"
            found.append(Occasion(RetrainTrigger.STALENESS, words))
    return found


def _age(query: Query, model: str, now: datetime) -> timedelta | None:
    """How old what the champion learned from is: by its rows' times, else by when it was made."""
    champion = models.aliases(query, model).get("champion")
    facts = models.facts(query, model, champion) if champion is not None else None
    return None if facts is None else now - (facts.trained_until or facts.created_at)
