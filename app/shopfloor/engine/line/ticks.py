"""What starts a training by the clock: schedules, and champions that grow old."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopfloor.domain.definition import ModelDefinition
from shopfloor.domain.retraining import RetrainTrigger
from shopfloor.engine.line.retraining import Occasion, consider
from shopfloor.runtime.context import Context
from shopfloor.store import models, ticks
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction
from shopfloor.workspace.schedule import next_time

_DAY = timedelta(days=1)


def tick(context: Context) -> None:
    """Consider every model whose time has come. Times that passed while no engine ran count as one."""
    waiting = [one for one in context.all_models() if not one.retired and _by_the_clock(one)]
    if not waiting:
        return
    now = context.clock.now()
    due = context.store.read(lambda query: [one for one in waiting if list(_due(query, one, now))])

    def change(transaction: Transaction) -> None:
        for definition in due:
            for occasion in list(_due(transaction, definition, transaction.now)):
                ticks.put(transaction, definition.name, occasion.trigger, transaction.now)
                if occasion.words:
                    consider(transaction, context.layout, definition, occasion)

    if due:
        context.store.write(change)


def _by_the_clock(definition: ModelDefinition) -> bool:
    return bool(definition.retrain.schedule) or definition.retrain.stale_days > 0


def _due(query: Query, definition: ModelDefinition, now: datetime) -> list[Occasion]:
    """What is to be considered now. A schedule that is new begins now: its occasion has no words."""
    found = []
    rules = definition.retrain
    if rules.schedule:
        last = ticks.last(query, definition.name, RetrainTrigger.SCHEDULE)
        if last is None:
            found.append(Occasion(RetrainTrigger.SCHEDULE, ""))
        elif (time := next_time(rules.schedule, last)) <= now:
            found.append(Occasion(RetrainTrigger.SCHEDULE, f"scheduled for {time:%Y-%m-%d %H:%M} UTC"))
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
