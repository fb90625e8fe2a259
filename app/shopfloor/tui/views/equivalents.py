"""The shell command that does or shows what an event reports: for scripts and cron."""

from __future__ import annotations

import shlex
from typing import Final

from shopfloor.domain.event import Event

# `{subject}` is what the event is about, other names are fields of its data.
_COMMANDS: Final = {
    "file.arrived": "shopfloor add FILE --dataset {subject}",
    "file.committed": "shopfloor file show {file}",
    "file.duplicate": "shopfloor file show {file}",
    "file.quarantined": "shopfloor file show {file}",
    "file.held_again": "shopfloor file retry {file}",
    "file.discarded": "shopfloor file discard {file}",
    "dataset.committed": "shopfloor dataset show {subject}@{version}",
    "dataset.notice": "shopfloor dataset show {subject}",
    "model.defined": "shopfloor model show {subject}",
    "model.measured": "shopfloor model show {subject}",
    "model.retired": "shopfloor model retire {subject}",
    "run.started": "shopfloor model train {subject}",
    "run.finished": "shopfloor run show {run}",
    "run.failed": "shopfloor run show {run}",
    "retrain.ask": "shopfloor model train {subject}",
    "retrain.train": "shopfloor model train {subject}",
    "retrain.skip": "shopfloor model train {subject}",
    "release.promote": "shopfloor model promote {subject}@{version}",
    "release.hold": "shopfloor model promote {subject}@{version} --reason WHY",
    "release.await_approval": "shopfloor model approve {subject}@{version}",
    "release.promoted": "shopfloor model promote {subject}@{version}",
    "release.requested": "shopfloor model approve {subject}@{version}",
    "release.lowering_requested": "shopfloor model approve-lowering {subject}",
    "release.lowering_approved": "shopfloor model approve-lowering {subject}",
    "release.lowering_rejected": "shopfloor model reject-lowering {subject}",
    "release.rolled": "shopfloor model rollback {subject}",
    "release.approved": "shopfloor model approve {subject}@{version}",
    "release.rejected": "shopfloor model reject {subject}@{version}",
    "alias.moved": "shopfloor model history {subject}",
    "predictions.logged": "shopfloor predict {subject} FILE",
    "alert.opened": "shopfloor alert show {alert}",
    "alert.updated": "shopfloor alert show {alert}",
    "alert.reopened": "shopfloor alert show {alert}",
    "alert.severity_changed": "shopfloor alert show {alert}",
    "alert.acknowledged": "shopfloor alert ack {alert}",
    "alert.snoozed": "shopfloor alert snooze {alert} --until 1d",
    "alert.resolved": "shopfloor alert resolve {alert}",
    "job.queued": "shopfloor job show {job}",
    "job.started": "shopfloor job log {job}",
    "job.finished": "shopfloor job log {job}",
    "job.failed": "shopfloor job retry {job}",
    "job.lost": "shopfloor job retry {job}",
    "job.cancelling": "shopfloor job cancel {job}",
    "job.cancelled": "shopfloor job cancel {job}",
    "engine.started": "shopfloor up",
}


def command_for(event: Event) -> str:
    """The command line, empty where there is none or the event does not say what it would be about."""
    known = {name: shlex.quote(str(value)) for name, value in event.data.items()}
    try:
        return _COMMANDS.get(event.kind, "").format(**{**known, "subject": shlex.quote(event.subject)})
    except KeyError:
        return ""
