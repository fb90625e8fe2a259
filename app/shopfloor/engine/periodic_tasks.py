"""The engine's periodic tasks."""

from __future__ import annotations

import logging
import os

from shopfloor.domain.errors import ExitCode
from shopfloor.engine.api.models import note_rules
from shopfloor.engine.api.recorders import look_at_recordings
from shopfloor.engine.api.waiting import idle_report
from shopfloor.engine.line.log_looks import look_again
from shopfloor.engine.line.ticks import tick
from shopfloor.engine.line.unreadable import UnreadableDefinitions
from shopfloor.engine.services import EngineServices
from shopfloor.intake.contract import live
from shopfloor.monitoring import freshness
from shopfloor.monitoring.alerts import awake
from shopfloor.monitoring.terms import Terms
from shopfloor.runtime import damage
from shopfloor.runtime.job_log import forget_old_logs
from shopfloor.runtime.scheduler import PeriodicTask
from shopfloor.serving.collect_job import collect_soon
from shopfloor.serving.deploy import Redeployment
from shopfloor.store import alerts
from shopfloor.store.transaction import Transaction
from shopfloor.upkeep.backup import make_backup
from shopfloor.upkeep.old_history import forget_old_history
from shopfloor.upkeep.old_rejects import forget_old_rejects
from shopfloor.upkeep.scrubbing import Scrub

_LOG = logging.getLogger("shopfloor.engine")
_COLLECT_SECONDS = 3.0
_CONTRACT_SECONDS = 2.0
_FRESHNESS_SECONDS = 15.0
_TERMS_SECONDS = 2.0
_STALLED_SECONDS = 5.0
_BACKUP_SECONDS = 24 * 3600.0
_RETENTION_SECONDS = 600.0
_CHECKPOINT_SECONDS = 900.0
_LONG_LOG_SECONDS = 10.0
_RECORDED_SECONDS = 1.0
_PLACE_SECONDS = 1.0
_LOGS_SECONDS = 3600.0
_RECHECK_SECONDS = 5.0
_SCRUB_SECONDS = 5.0
_LOOK_SECONDS = 2.0
_RULES_SECONDS = 15.0
_TICK_SECONDS = 15.0
_LOG_LOOK_SECONDS = 15.0


def periodic_tasks(services: EngineServices) -> list[PeriodicTask]:
    """What the engine does periodically: collect logs and look at them, find edited, late or stalled things, back up,
    reopen snoozed alerts, delete what is old.
    """
    context = services.context
    return [
        PeriodicTask("collect", _COLLECT_SECONDS, lambda: collect_soon(context)),
        PeriodicTask("contracts", _CONTRACT_SECONDS, lambda: live.refresh_all(context)),
        PeriodicTask("definitions", _CONTRACT_SECONDS, UnreadableDefinitions(context)),
        PeriodicTask("deployments", _CONTRACT_SECONDS, Redeployment(context)),
        PeriodicTask("value terms", _TERMS_SECONDS, Terms(context)),
        PeriodicTask("freshness", _FRESHNESS_SECONDS, lambda: freshness.check_all(context)),
        PeriodicTask("stalled", _STALLED_SECONDS, services.watch.report_stalled),
        PeriodicTask("checkpoint", _CHECKPOINT_SECONDS, context.store.checkpoint),
        PeriodicTask("long log", _LONG_LOG_SECONDS, context.store.fold_long_log),
        PeriodicTask("rejects", _RETENTION_SECONDS, lambda: _forget_rejects(services)),
        PeriodicTask("history", _RETENTION_SECONDS, lambda: _forget_history(services)),
        PeriodicTask(
            "logs",
            _LOGS_SECONDS,
            lambda: forget_old_logs(context.layout, context.clock, context.settings.retention.log_days),
        ),
        PeriodicTask("backup", _BACKUP_SECONDS, lambda: _back_up(services)),
        PeriodicTask("heartbeat", 5.0, services.pool.beat),
        PeriodicTask("recorded runs", _RECORDED_SECONDS, lambda: look_at_recordings(context)),
        PeriodicTask("place", _PLACE_SECONDS, lambda: _leave_displaced(services)),
        PeriodicTask(
            "idle worker", 30.0, lambda: services.pool.adhoc.dismiss_idle(context.settings.engine.idle_worker_seconds)
        ),
        PeriodicTask(
            "idle light worker",
            30.0,
            lambda: services.pool.light_adhoc.dismiss_idle(context.settings.engine.idle_worker_seconds),
        ),
        PeriodicTask("damaged objects", _RECHECK_SECONDS, lambda: damage.recheck(context)),
        PeriodicTask("scrub", _SCRUB_SECONDS, Scrub(context, lambda: not idle_report(services).idle)),
        PeriodicTask("degraded", _LOOK_SECONDS, lambda: _look(services)),
        PeriodicTask("retraining", _TICK_SECONDS, lambda: tick(context)),
        PeriodicTask("release rules", _RULES_SECONDS, lambda: note_rules(services)),
        PeriodicTask("log looks", _LOG_LOOK_SECONDS, lambda: look_again(context)),
        PeriodicTask("snooze", 60.0, lambda: wake_snoozed(services)),
    ]


def _leave_displaced(services: EngineServices) -> None:
    """End as a kill would, which loses nothing: all that is written from here on would go to a place that is no
    workspace, and closing the database would part it from its log.
    """
    why = services.context.displaced()
    if why:
        _LOG.error("%s Engine %d ends; the next command in the workspace starts another", why, os.getpid())
        logging.shutdown()
        os._exit(int(ExitCode.UNREACHABLE))


def _forget_rejects(services: EngineServices) -> None:
    forget_old_rejects(services.context)


def _forget_history(services: EngineServices) -> None:
    forget_old_history(services.context)


def _back_up(services: EngineServices) -> None:
    report = make_backup(services.context)
    _LOG.info("backup %s", report.path)


def _look(services: EngineServices) -> None:
    services.context.degraded.look()


def wake_snoozed(services: EngineServices) -> None:
    """Alerts whose quiet time is over are open again."""
    context = services.context
    if not context.store.read(lambda query: alerts.snooze_over(query, context.clock.now())):
        return

    def change(transaction: Transaction) -> None:
        for alert in alerts.snooze_over(transaction, transaction.now):
            alerts.update(transaction, awake(alert, transaction.now))

    context.store.write(change)
