"""Looks at what a serving process logs: at once after a pause, and every so often while it serves."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopfloor.domain.job import JobKind
from shopfloor.runtime.context import Context
from shopfloor.runtime.line import PredictionsLogged
from shopfloor.store.rows import Query
from shopfloor.store.transaction import Transaction

TRIGGER = "REST predictions"


def key(model: str, version: int) -> str:
    """The unique key of the jobs that check a version's stored predictions."""
    return f"monitor:{model}:{version}:log"


def has_just_looked(context: Context, query: Query, model: str, version: int, now: datetime) -> bool:
    """Whether the last look is more recent than `check_seconds` of the settings allow."""
    row = query.one("SELECT max(created_at) FROM jobs WHERE unique_key = ?", [key(model, version)])
    return row is not None and row[0] is not None and row[0] > _pause(context, now)


def look_again(context: Context) -> None:
    """Look at what was logged so shortly after the last look that it was left for later."""
    before = _pause(context, context.clock.now())
    unseen = context.store.read(lambda query: _unseen(query, before))
    watched = {one.name for one in context.all_models() if one.monitoring.drift} if unseen else set()

    def change(transaction: Transaction) -> None:
        for model, version, job in _unseen(transaction, before):
            context.line.after(transaction, PredictionsLogged(model, version, TRIGGER, job, live=True))

    if any(model in watched for model, _, _ in unseen):
        context.store.write(change)


def _pause(context: Context, now: datetime) -> datetime:
    """Who has not looked since then may look again."""
    return now.replace(tzinfo=None) - timedelta(seconds=context.settings.serving.check_seconds)


def _unseen(query: Query, before: datetime) -> list[tuple[str, int, str]]:
    """Champions with predictions over REST that were logged after the last look, which was before some time; and the
    last job that took in such predictions.
    """
    rows = query.all(
        "WITH logged AS (SELECT model, model_version AS version, max(created_at) AS at FROM inference_parts "
        "WHERE kind = 'predictions' AND source = 'rest' GROUP BY ALL), "
        "looked AS (SELECT unique_key, max(created_at) AS at FROM jobs WHERE kind = ? GROUP BY ALL) "
        "SELECT model, version, (SELECT arg_max(id, number) FROM jobs WHERE kind = ?) FROM logged "
        "JOIN aliases USING (model, version) JOIN looked "
        "ON unique_key = 'monitor:' || model || ':' || version || ':log' "
        "WHERE alias = 'champion' AND logged.at > looked.at AND looked.at <= ?",
        [JobKind.MONITOR.value, JobKind.COLLECT.value, before],
    )
    return [(model, version, job) for model, version, job in rows]
